"""Decoding the issue object itself: the system fields typed, a site's own fields as they come.

A site has hundreds of custom fields and an issue has most of them, nearly all null, so how they are read
decides how fast a month is. A struct that declares each of them by id decodes in one pass at full speed.
Which ones a site has is learned as they are met: the struct refuses fields that it lacks, and is extended by
those that a second issue has too. Fields of one issue, and ids that no struct takes, are decoded apart: a
thousand odd ids of one issue cost the others nothing.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from jira_assets.raw.site import is_custom
from jira_assets.tables.lenient import Note, decodable, read
from jira_assets.tables.shapes import Count, Fields, Id

_MOST_LEARNED = 5_000  # fields of a struct; decoding gets slower with each


class Envelope(msgspec.Struct, gc=False):
    """An issue as Jira sends it; `fields` is made anew for each site."""

    id: Id = None
    key: str | None = None
    self: str | None = None
    fields: Fields = msgspec.field(default_factory=Fields)
    changelog: Count | None = None


class _FieldNames(msgspec.Struct):
    fields: dict[str, msgspec.Raw] = {}


_names_decoder = msgspec.json.Decoder(_FieldNames)
_NO_STRUCT_TAKES = re.compile(r'["\\\x00-\x1f]')  # as the name of a field: see msgspec.defstruct
_declared = frozenset(field.encode_name for field in msgspec.structs.fields(Fields))


class ReadIssue(NamedTuple):
    """An issue, and as JSON the fields that the struct of its fields has no place for, by id."""

    envelope: Envelope
    others: Mapping[str, msgspec.Raw]


class EnvelopeReader:
    """Reads issues of one site; keep it for as many issues as possible.

    ``shown`` are the ids of fields that configured columns show: of the system's fields, only those that some
    column shows are decoded.
    """

    def __init__(self, shown: Collection[str] = ()) -> None:
        self._extra: dict[str, str] = {}  # field id -> attribute
        self._decoded: set[str] = set()  # of these, what a decoder gives is a value
        self._met: set[str] = set()  # once
        self._system = frozenset(name for name in shown if not is_custom(name))
        self._declared_too = sorted(self._system & _declared)
        self._define()

    def read(self, payload: bytes, note: Note) -> ReadIssue | None:
        """The issue; what is of another shape than Jira documents is None, and noted."""
        try:
            return ReadIssue(self._decoder.decode(payload), {})
        except (msgspec.MsgspecError, RecursionError):
            payload = decodable(payload, "issue", note)
            others = self._learn(payload)
        envelope = read(self._envelope, payload, "issue", note)
        return None if envelope is None else ReadIssue(envelope, others)

    def own_fields(self, issue: ReadIssue, note: Note) -> dict[str, Any]:
        """The custom fields of an issue that are set, and the system's that are shown, decoded, by id."""
        fields = issue.envelope.fields
        extra = msgspec.structs.astuple(fields)[len(_declared) :]
        found = {
            name: value
            for name, value in zip(self._extra, extra, strict=False)
            if value is not None and name in self._decoded
        }
        for name in self._declared_too:
            if (value := getattr(fields, name)) is not None:
                found[name] = msgspec.to_builtins(value)
        for name, raw in issue.others.items():
            if self._is_own(name) and (value := read(object, raw, f"issue.fields.{name}", note)) is not None:
                found[name] = value
        return found

    def _is_own(self, name: str) -> bool:
        return is_custom(name) or name in self._system

    def _learn(self, payload: bytes) -> Mapping[str, msgspec.Raw]:
        """The fields that the struct has no place for; it gets one for those that were met before."""
        try:
            fields = _names_decoder.decode(payload).fields
        except msgspec.MsgspecError:
            return {}
        unknown = {
            name: raw for name, raw in fields.items() if name not in self._extra and name not in _declared
        }
        learned = [name for name in unknown if name in self._met][: _MOST_LEARNED - len(self._extra)]
        if learned:
            self._extra.update({name: f"extra_{len(self._extra) + i}" for i, name in enumerate(learned)})
            self._decoded |= set(filter(self._is_own, learned))
            self._define()
        if len(self._met) > _MOST_LEARNED:
            self._met.clear()
        self._met.update(name for name in unknown if not _NO_STRUCT_TAKES.search(name))
        return {name: raw for name, raw in unknown.items() if name not in self._extra}

    def _define(self) -> None:
        # Fields of the system that no table reads are passed over: nothing is decoded of a Raw. New fields
        # come last, so an issue that was read before they were known has its values in their places.
        fields = msgspec.defstruct(
            "SiteFields",
            [
                (attribute, Any, None) if name in self._decoded else (attribute, msgspec.Raw, msgspec.Raw())
                for name, attribute in self._extra.items()
            ],
            bases=(Fields,),
            rename={attribute: name for name, attribute in self._extra.items()},
            gc=False,
        )
        only_these = msgspec.defstruct(
            "OnlyTheseFields", [], bases=(fields,), forbid_unknown_fields=True, gc=False
        )
        self._envelope = _envelope_of(fields)
        self._decoder = msgspec.json.Decoder(_envelope_of(only_these))


def _envelope_of(fields: type[msgspec.Struct]) -> type[Envelope]:
    declared = [("fields", fields, msgspec.field(default_factory=fields))]
    return cast(type[Envelope], msgspec.defstruct("SiteEnvelope", declared, bases=(Envelope,), gc=False))
