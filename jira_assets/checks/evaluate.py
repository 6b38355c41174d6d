"""Asking the warehouse whether rules are obeyed.

What is shown of a check is about all months. A run looks at its own, and at those of which nothing is known:
what was found in a month is kept with the state that the month was in.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from jira_assets.checks.rules import Rule
from jira_assets.warehouse.check_results import MonthResult, RuleFinding, read_results, replace_results
from jira_assets.warehouse.connection import DEFAULT_PATIENCE_S, WarehouseBusy, WarehouseError, connect
from jira_assets.warehouse.store import month_states

Metadata = Mapping[str, int | str | list[str]]
_LAYER = "table"
OFFENDERS_SHOWN = 50
_MONTHS_SHOWN = 24


@dataclass(frozen=True)
class Verdict:
    """Whether a rule is obeyed, and what breaks it."""

    rule: Rule
    passed: bool
    metadata: Metadata


@dataclass(frozen=True)
class Evaluation:
    """What breaks some rules: by month, of all that are built, and by table, which is of no month.

    ``asked`` are the months that were looked at now. A rule that cannot be asked is broken by its table.
    ``blocking`` are the names of the rules that keep what breaks them from being published.
    """

    by_month: Mapping[str, MonthResult]
    by_table: Mapping[str, RuleFinding]
    asked: Collection[str]
    blocking: Collection[str]
    version: str

    @classmethod
    def ask(
        cls,
        connection: duckdb.DuckDBPyConnection,
        rules: Sequence[Rule],
        months: Collection[str] | None,
        run_id: str = "",
        chosen: Sequence[Rule] | None = None,
    ) -> "Evaluation":
        """Asks in these months, or in all, and in those of which nothing is known as they are now.

        A month that the run ``run_id`` has looked at is not looked at again. With ``chosen`` only these of
        the rules are asked: then nothing is to be kept of it, since of a month all is known or nothing.
        """
        version = _version(rules)
        states = month_states(connection)
        known: dict[str, MonthResult] = {}
        if months is not None:
            for month, result in read_results(connection, _LAYER, version).items():
                is_due = month in months and result.run_id != run_id
                if result.state == states.get(month) and not is_due:
                    known[month] = result
        asked = sorted({*states, *(months or ())} - known.keys())
        found: dict[str, list[RuleFinding]] = {month: [] for month in asked}
        by_table: dict[str, RuleFinding] = {}
        for rule in rules if chosen is None else chosen:
            query = rule.offenders if months is None or not rule.by_month else rule.offenders_in(asked)
            try:
                for at, finding in _ask(connection, rule, query):
                    if at is None:
                        by_table[finding.name] = finding
                    else:
                        found.setdefault(at, []).append(finding)
            except duckdb.Error as error:  # the table is missing, or damaged
                by_table[_name(rule)] = RuleFinding(_name(rule), 1, [str(error).split("\n")[0]])
        blocking = {_name(rule) for rule in rules if rule.blocking}
        fresh = {month: MonthResult(states.get(month, ""), run_id, failed) for month, failed in found.items()}
        return cls({**known, **fresh}, by_table, fresh.keys(), blocking, version)

    def withheld_month(self, month: str) -> str | None:
        """Why a month is not to be published: the blocking rules that are broken in it, and by what."""
        found = self.by_month.get(month)
        broken = [each for each in found.failed if each.name in self.blocking] if found else []
        return "; ".join(map(_told, broken)) or None

    @property
    def withheld_tables(self) -> dict[str, str]:
        """Why tables are not to be published: the blocking rules that they break as a whole."""
        found: dict[str, list[str]] = {}
        for name, finding in self.by_table.items():
            if name in self.blocking:
                found.setdefault(name.split(".")[0], []).append(_told(finding))
        return {table: "; ".join(reasons) for table, reasons in found.items()}

    def failing_months(self, rule: Rule) -> list[str]:
        """The months in which a rule is broken, oldest first."""
        return sorted(month for month, result in self.by_month.items() if _finding(result, rule))

    def verdict(self, rule: Rule) -> Verdict:
        """On a rule, over all months, with what breaks it."""
        months = self.failing_months(rule)
        findings = [found for month in months if (found := _finding(self.by_month[month], rule))]
        if _name(rule) in self.by_table:
            findings.append(self.by_table[_name(rule)])
        offenders = [text for finding in findings for text in finding.offenders][:OFFENDERS_SHOWN]
        # The count is told even when it is 0: the UI draws it over time.
        metadata: dict[str, int | str | list[str]] = {"count": sum(finding.count for finding in findings)}
        if offenders:
            metadata["offenders"] = offenders
        if months:
            metadata["months"] = listed(months)
        return Verdict(rule, not findings, metadata)

    def keep(self, database: Path, *, patience_s: float = DEFAULT_PATIENCE_S) -> None:
        """Keep what was found in the months that were asked; what cannot be kept is asked again."""
        results = {month: self.by_month[month] for month in self.asked}
        with suppress(WarehouseBusy):
            replace_results(database, _LAYER, self.version, results, patience_s=patience_s)


def evaluate(
    database: Path,
    rules: Sequence[Rule],
    chosen: Sequence[Rule],
    months: Collection[str] | None = None,
    *,
    run_id: str = "",
    patience_s: float = DEFAULT_PATIENCE_S,
) -> list[Verdict]:
    """The verdict on each chosen rule. If a run asks for most of them, all are asked, and kept for others.

    What cannot be asked has not passed: the metadata then say why.
    """
    if not chosen:
        return []
    try:
        if not database.exists():
            raise WarehouseError("nothing is stored yet: materialise a month first")
        with connect(database, read_only=True, patience_s=patience_s) as connection:
            is_kept = bool(run_id) and len(chosen) > len(rules) // 2
            evaluation = Evaluation.ask(connection, rules, months, run_id, None if is_kept else chosen)
        if is_kept:
            evaluation.keep(database, patience_s=patience_s)
    except WarehouseError as error:
        return [Verdict(rule, False, {"offenders": [str(error)]}) for rule in chosen]
    return [evaluation.verdict(rule) for rule in chosen]


def listed(months: Sequence[str]) -> str:
    """Some months, in words."""
    more = f" and {len(months) - _MONTHS_SHOWN} more" if len(months) > _MONTHS_SHOWN else ""
    return ", ".join(months[:_MONTHS_SHOWN]) + more


def _ask(
    connection: duckdb.DuckDBPyConnection, rule: Rule, query: str
) -> list[tuple[str | None, RuleFinding]]:
    rows = connection.execute(
        f"SELECT {'month' if rule.by_month else 'NULL'}, count(*), "
        f"list(offender ORDER BY offender)[:{OFFENDERS_SHOWN}] FROM ({query}) GROUP BY ALL"
    ).fetchall()
    # Without a month, counting gives a row also where there is nothing to count.
    return [(month, RuleFinding(_name(rule), count, shown)) for month, count, shown in rows if count]


def _finding(result: MonthResult, rule: Rule) -> RuleFinding | None:
    return next((finding for finding in result.failed if finding.name == _name(rule)), None)


def _told(finding: RuleFinding) -> str:
    more = ", …" if finding.count > len(finding.offenders[:3]) else ""
    return f"{finding.name} failed ({', '.join(finding.offenders[:3])}{more})"


def _name(rule: Rule) -> str:
    return f"{rule.table}.{rule.name}"


def _version(rules: Sequence[Rule]) -> str:
    """Another one whenever other questions are asked by month."""
    queries = "\n".join(rule.query for rule in rules if rule.by_month)
    return hashlib.sha256(queries.encode()).hexdigest()[:16]
