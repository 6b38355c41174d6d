"""The months of a run that fail: the steps that follow leave them out, and the last one turns the run red.

A step that raises ends the run, also for the months that went well. So it raises only if no other follows,
and otherwise notes its failures as tags of the run: durable before the next step begins, and seen in the UI.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import msgspec
from dagster import AssetExecutionContext, Failure, InputContext, IOManager, OutputContext

from jira_assets.defs.partitions import with_later
from jira_assets.defs.resources.io_manager import record_only

_STEPS = ("raw_issues", "jira_tables", "jira__published")
"""The steps of runs by month, in their order."""

_LONGEST_REASON = 1000
_LOST = "jira_assets/projects_lost"


class FailedMonths:
    """The months of a run that failed so far, as a step sees and adds to them."""

    def __init__(self, context: AssetExecutionContext) -> None:
        self._context = context
        place = _STEPS.index(context.op_execution_context.op.name)
        self._before, self._step, self._after = _STEPS[:place], _STEPS[place], _STEPS[place + 1 :]
        self._own: dict[str, str] = {}
        self._lost: str | None = None

    @cached_property
    def _earlier(self) -> Mapping[str, str]:
        """Why months failed in the steps before this one."""
        texts = filter(None, (self._tags.get(_tag(step)) for step in self._before))
        return {month: why for text in texts for month, why in msgspec.json.decode(text).items()}

    @cached_property
    def _tags(self) -> Mapping[str, str]:
        run = self._context.instance.get_run_by_id(self._context.run.run_id)
        return run.tags if run else {}

    def remaining(self, stored: Iterable[str]) -> list[str]:
        """The months that have not failed yet, of the run and of those stored that go with its last one."""
        months = with_later(self._context.partition_keys, stored)
        return [month for month in months if month not in self._so_far]

    @property
    def _so_far(self) -> Mapping[str, str]:
        return {**self._earlier, **self._own}

    @property
    def is_last_step(self) -> bool:
        """Whether no step follows in this run that would turn it red."""
        steps = {node.name for node in self._context.job_def.nodes}
        if self._context.run.step_keys_to_execute is not None:
            steps &= {*self._context.run.step_keys_to_execute}
        return steps.isdisjoint(self._after)

    def add(self, failed: Mapping[str, str]) -> None:
        """Months failed in this step, and why."""
        self._own.update(failed)

    def add_lost(self, projects: Sequence[str]) -> None:
        """Projects could not be seen: all months of the others are copied, and the run is red."""
        if projects:
            self._lost = f"{', '.join(projects)} cannot be seen: only the other projects were copied"

    def keep(self) -> None:
        """Note what was added, for the steps that follow.

        A run that repeats another has the notes of that one: they are replaced.
        """
        reasons = {month: why[:_LONGEST_REASON] for month, why in self._own.items()}
        tags = {_tag(self._step): msgspec.json.encode(reasons).decode() if reasons else ""}
        if not self._before:
            tags[_LOST] = self._lost or ""
        if any(text != self._tags.get(tag, "") for tag, text in tags.items()):
            self._context.instance.add_run_tags(self._context.run.run_id, tags)

    @property
    def wrong(self) -> list[str]:
        """What of this step and those before it turns the run red in the end."""
        months = [f"{month}: {why}" for month, why in sorted(self._so_far.items())]
        lost = self._tags.get(_LOST) if self._before else self._lost
        return [*months, *([lost] if lost else [])]

    def turn_red(self) -> None:
        """Raises Failure if something of this step or those before it is wrong, and no other step follows."""
        if self.is_last_step and self.wrong:
            raise Failure("; ".join(self.wrong), allow_retries=False)


class SomeMonths(IOManager):
    """For an asset that stores by itself: Dagster records the months that it is given, and no others."""

    def handle_output(self, context: OutputContext, obj: Collection[str]) -> None:
        record_only(context, obj)

    def load_input(self, context: InputContext) -> object:
        raise NotImplementedError(f"{context.asset_key.to_user_string()} is read where it is stored")


def _tag(step: str) -> str:
    return f"jira_assets/failed_in_{step}"
