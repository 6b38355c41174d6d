"""Any order, any duplication, any compaction in between: the same state."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from jira_assets.privacy.keyring import NO_KEYS, Keyring
from jira_assets.raw.record import Part, Record, Source
from jira_assets_tests.privacy.keys import keyring
from jira_assets_tests.raw.records import (
    MONTH,
    State,
    answer,
    facts,
    failure,
    fields_of,
    hidden,
    log_in_memory,
    moved,
    record,
    slas,
    state,
    tombstone,
)

_ENOUGH_TO_COMPACT = 16
_ids = st.sampled_from(["1", "2", "10"])
_seconds = st.integers(0, 6)
_answers = st.builds(
    record,
    _ids,
    st.sampled_from([Part.ISSUE, Part.COMMENTS]),
    updated=_seconds,
    fetched=_seconds,
    source=st.sampled_from(Source),
    payload=st.sampled_from([b"a", b"b"]),
)
_values = st.none() | st.integers(1, 9)
_slas = st.dictionaries(st.sampled_from(["first", "second", "third"]), _values, min_size=1).flatmap(
    lambda values: st.builds(
        slas, _ids, updated=_seconds, fetched=_seconds, **{k: st.just(v) for k, v in values.items()}
    )
)
_names = st.sampled_from(["a", "b", "c"])
_partial = st.dictionaries(_names, _values).flatmap(
    lambda values: st.builds(
        answer,
        _ids,
        updated=_seconds,
        fetched=_seconds,
        without=st.lists(_names, unique=True).map(
            lambda names: tuple(name for name in names if name not in values)
        ),
        **{name: st.just(value) for name, value in values.items()},
    )
)
_failures = st.builds(
    failure,
    _ids,
    st.sampled_from([Part.COMMENTS, Part.SLA]),
    fetched=_seconds,
    error=st.sampled_from(["x", "y"]),
)
_found_out = (
    st.builds(tombstone, _ids, updated=_seconds, fetched=_seconds)
    | st.builds(moved, _ids, fetched=_seconds)
    | st.builds(hidden, _ids, fetched=_seconds)
)
_records = st.lists(_answers | _slas | _failures | _found_out, min_size=1)
_any_records = st.lists(_answers | _partial | _slas | _failures | _found_out, min_size=1)
_generations = st.integers(0, 2)


def _state_of(records: Sequence[Record]) -> State:
    with log_in_memory() as log:
        log.append(MONTH, records)
        return state(log)


def _expected_payloads(records: Sequence[Record]) -> dict[tuple[str, Part], set[bytes]]:
    """What may win, by the letter of the design; of two answers at the very same moments either may."""
    ended = (Part.DELETED, Part.MOVED)
    deleted = {
        r.issue_id: r.fetched_at for r in sorted(records, key=lambda r: r.fetched_at) if r.part in ended
    }
    answers = [r for r in records if r.error is None and r.part not in (*ended, Part.HIDDEN, Part.SLA)]
    expected: dict[tuple[str, Part], set[bytes]] = {}
    for identity in {(r.issue_id, r.part) for r in answers}:
        rivals = [r for r in answers if (r.issue_id, r.part) == identity]
        newest = max((r.issue_updated, r.fetched_at) for r in rivals)
        if identity[0] not in deleted or newest[1] > deleted[identity[0]]:
            expected[identity] = {
                r.payload or b"" for r in rivals if (r.issue_updated, r.fetched_at) == newest
            }
    return expected


@given(_records)
@settings(max_examples=50, deadline=None)
def test_the_latest_answer_wins_unless_the_issue_was_deleted_or_left_since(
    records: list[Record],
) -> None:
    with log_in_memory() as log:
        log.append(MONTH, records)
        found = {
            (issue.issue_id, part): payload
            for issue in log.latest(MONTH)
            for part, payload in issue.payloads.items()
        }
    expected = _expected_payloads(records)
    assert found.keys() == expected.keys()
    assert all(payload in expected[identity] for identity, payload in found.items())


@given(st.lists(_slas, min_size=1))
@settings(max_examples=50, deadline=None)
def test_each_sla_has_the_value_of_the_latest_reading_that_tells_of_it(records: list[Record]) -> None:
    with log_in_memory() as log:
        log.append(MONTH, records)
        found: dict[tuple[str, str], object] = {}
        for issue in log.latest(MONTH):
            for _, payload in issue.slas:
                found |= {(issue.issue_id, name): value for name, value in json.loads(payload).items()}
    told = [(r, (r.issue_id, name)) for r in records for name in r.fields]
    newest = {sla: max((r.issue_updated, r.fetched_at) for r, of in told if of == sla) for _, sla in told}
    assert found.keys() == newest.keys()
    for _, sla in told:
        others = [o for o, of in told if of == sla and (o.issue_updated, o.fetched_at) == newest[sla]]
        assert found[sla] in [json.loads(o.payload or b"")[sla[1]] for o in others]


@given(st.lists(_partial, min_size=1))
@settings(max_examples=50, deadline=None)
def test_each_field_has_the_value_of_the_latest_answer_that_tells_of_it(records: list[Record]) -> None:
    with log_in_memory() as log:
        log.append(MONTH, records)
        found = {issue.issue_id: fields_of(issue) for issue in log.latest(MONTH)}
    told: dict[tuple[str, str], list[Record]] = {}
    for each in records:
        for name in {"a", "b", "c"} - {*each.without}:
            told.setdefault((each.issue_id, name), []).append(each)
    for (issue_id, name), answers in told.items():
        newest = max((each.issue_updated, each.fetched_at) for each in answers)
        values = [
            json.loads(each.payload or b"")["fields"].get(name, "gone")
            for each in answers
            if (each.issue_updated, each.fetched_at) == newest
        ]
        assert found[issue_id].get(name, "gone") in values


@given(st.lists(st.tuples(_answers | _partial | _slas, _generations, st.booleans()), min_size=1, max_size=8))
@settings(max_examples=8, deadline=None)
def test_compaction_does_not_matter_where_jira_went_back_either(
    steps: list[tuple[Record, int, bool]],
) -> None:
    with log_in_memory() as log, log_in_memory() as never_compacted:
        for each, generation, compacts in steps:
            for to in (log, never_compacted):
                to.append(MONTH, [replace(each, generation=generation)])
            if compacts:
                never_compacted.append(MONTH, [each])
                for _ in range(_ENOUGH_TO_COMPACT):
                    log.append(MONTH, [each])
                assert log.compact(MONTH)
        assert state(log) == state(never_compacted)


@given(_any_records, st.sampled_from([NO_KEYS, keyring("k1")]), st.data())
@settings(max_examples=40, deadline=None)
def test_order_duplication_and_compaction_do_not_matter(
    records: list[Record], keyring: Keyring, data: st.DataObject
) -> None:
    repeated = records + data.draw(st.lists(st.sampled_from(records)))
    repeated += records[:1] * (_ENOUGH_TO_COMPACT - len(repeated))
    with log_in_memory(keyring) as log:
        for each in data.draw(st.permutations(repeated)):
            log.append(MONTH, [each])
            if data.draw(st.integers(0, 7)) == 0:
                log.compact(MONTH)
        log.compact(MONTH)
        assert state(log) == _state_of(records)


Step = Record | Literal["compact", "consume"]


@given(
    st.lists(
        _answers | _partial | _slas | _failures | _found_out | st.sampled_from(["compact", "consume"]),
        min_size=20,
        max_size=50,
    )
)
@settings(max_examples=20, deadline=None)
def test_a_reader_of_changes_ends_where_a_reader_of_everything_does(steps: list[Step]) -> None:
    consumed: State = {}
    watermark = 0
    with log_in_memory() as log:
        for step in (*steps, "consume"):
            if isinstance(step, Record):
                log.append(MONTH, [step])
            elif step == "compact":
                log.compact(MONTH)
            else:
                changes = log.changes(MONTH, since=watermark)
                consumed |= {issue.issue_id: facts(issue) for issue in log.latest(MONTH, changes.issue_ids)}
                watermark = changes.watermark
        assert consumed == state(log)
