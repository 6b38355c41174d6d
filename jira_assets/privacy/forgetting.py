"""Whatever is stored passes here, so that nothing brings back those who are forgotten."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache

from upath import UPath

from jira_assets.privacy.forgotten import ForgottenList, Traces
from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.privacy.redaction import Redaction


class Forgetting:
    """By the list in the folder of the raw log. It costs a look at the file, and nothing while that is not
    there.
    """

    def __init__(self, root: UPath, keyring: Keyring = NO_KEYS) -> None:
        self.list = ForgottenList(root, keyring)

    def in_force(self) -> Redaction | None:
        """The redaction of those who are forgotten now; None if nobody is. Raises OSError, PrivacyError."""
        identity = self.list.identity()
        return None if identity is None else _kept(self.list.path.parent, self.list.keyring, identity)

    def for_storing(self, payloads: Iterable[bytes]) -> Redaction | None:
        """As ``in_force``, having noted what these payloads tell of those who are forgotten: an issue shows
        what they wrote in others.
        """
        redaction = self.in_force()
        if redaction is not None and self.learn(redaction, map(redaction.traces, payloads)):
            return self.in_force()
        return redaction

    def learn(self, redaction: Redaction, traces: Iterable[Mapping[str, Traces]]) -> bool:
        """Notes, durably, what was found; gives whether any of it is new."""
        found: dict[str, Traces] = defaultdict(Traces)
        for each in traces:
            for tombstone, of_person in each.items():
                found[tombstone].add(of_person)
        if redaction.forgotten.with_traces(found) is redaction.forgotten:
            return False
        self.list.learn(found)
        return True


@lru_cache(maxsize=4)
def _kept(root: UPath, keyring: Keyring, identity: Hashable) -> Redaction | None:
    del identity  # part of what makes it the same file
    forgotten = ForgottenList(root, keyring).read()
    return None if forgotten is None else Redaction(forgotten)
