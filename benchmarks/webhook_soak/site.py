"""A Jira site at which people work, which delivers what they do, and which fails now and then."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

from jira_assets.sandbox.deliveries import Deliveries
from jira_assets.sandbox.faults import Faults, broken_connection, rate_limited, truncated, unavailable
from jira_assets.sandbox.generate import generated_site
from jira_assets.sandbox.server import RunningSandbox, serve
from jira_assets.sandbox.simulator import Simulator
from jira_assets.sandbox.site import Site
from webhook_soak.ledger import Time

SECRET = "soak"  # noqa: S105

# The storm goes on for so long when there are no more events: the last ones have nobody to come after them.
_AFTERMATH_SECONDS = 5.0
# The longest that it goes on beyond what was asked for, until everything was killed at least once.
_LONGER_SECONDS = 60.0
_LATER_EVERY_SECONDS = 0.3  # what people do then
_PHASE_SECONDS = (1.0, 4.0)
_PHASES: tuple[Callable[[Faults], None], ...] = (
    lambda faults: faults.clear(),
    lambda faults: faults.add(rate_limited(1), probability=0.2),
    lambda faults: faults.add(rate_limited(None), probability=0.4),
    lambda faults: faults.add(unavailable(), probability=0.4),
    lambda faults: faults.add(unavailable(1), probability=0.1),
    lambda faults: faults.add(unavailable()),
    lambda faults: faults.add(broken_connection(), probability=0.2),
    lambda faults: faults.add(truncated(), probability=0.2),
)
# Seconds that Jira's reads and its search are behind its events.
_READ_LAG = 0.3
_SEARCH_LAG = 1.0


@dataclass(frozen=True)
class BusySite:
    """The site, the deliveries to the receiver, and the identifiers of all events so far."""

    sandbox: RunningSandbox
    deliveries: Deliveries
    identifiers: set[str] = field(default_factory=set)

    @property
    def site(self) -> Site:
        return self.sandbox.site

    @contextmanager
    def storm(
        self, events: int, pace: float, seed: int, time: Time, is_enough: Callable[[], bool]
    ) -> Iterator[None]:
        """People make ``events``, ``pace`` a second, and Jira fails. It is calm when they are made and,
        unless that takes too long, it ``is_enough``.
        """
        simulator = Simulator(self.site, seed)
        threads = (
            Thread(target=_act, args=(self, simulator, events, pace, time, is_enough), name="people"),
            Thread(target=_fail, args=(self.sandbox.faults, random.Random(seed), time), name="faults"),
        )
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            time.end()
            for thread in threads:
                thread.join()


@contextmanager
def busy_site(issues: int, seed: int, receiver: str) -> Iterator[BusySite]:
    """Serves a site until the block ends."""
    site = generated_site(issues, seed)
    site.read_lag, site.search_lag = _READ_LAG, _SEARCH_LAG
    deliveries = Deliveries(
        receiver,
        SECRET,
        seed,
        duplicates=0.1,
        reorder=0.2,
        held_back=(0.1, 3.0),
        retry_after=(0.2, 1.0),
        tries=None,
        connections=8,
        response_seconds=10,
    )
    with serve(site, Faults(seed)) as sandbox, deliveries:
        yield BusySite(sandbox, deliveries)


def _act(
    busy: BusySite,
    simulator: Simulator,
    events: int,
    pace: float,
    time: Time,
    is_enough: Callable[[], bool],
) -> None:
    """Lets people act until there were so many events; soon after that the storm is over."""
    began = time.seconds
    longest = began + events / pace + _LONGER_SECONDS

    def goes_on() -> bool:
        return len(busy.identifiers) < events or (time.seconds < longest and not is_enough())

    while not time.over.is_set() and goes_on():
        sent = simulator.step()
        busy.identifiers.update(event.identifier for event in sent)
        busy.deliveries.send(sent)
        ahead = began + len(busy.identifiers) / pace - time.seconds
        # In the end there is work for everybody, and none is left behind by too much of it.
        time.over.wait(max(0.0, ahead) if len(busy.identifiers) < events else _LATER_EVERY_SECONDS)
    time.over.wait(_AFTERMATH_SECONDS)
    time.calm.set()


def _fail(faults: Faults, rng: random.Random, time: Time) -> None:
    while not time.calm.is_set():
        faults.clear()
        rng.choice(_PHASES)(faults)
        time.calm.wait(rng.uniform(*_PHASE_SECONDS))
    faults.clear()
