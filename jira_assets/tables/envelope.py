"""Decoding the issue object itself: the system fields typed, a site's own fields as they come.

A site has hundreds of custom fields and an issue has most of them, nearly all null, so how they are read
decides how fast a month is. A struct that declares each of them by id decodes in one pass at full speed.
Which ones a site has is learned as they are met: the struct refuses fields that it lacks, and is extended.
"""

from collections.abc import Collection
from typing import Any, cast

import msgspec

from jira_assets.tables.lenient import Note, decodable, read
from jira_assets.tables.shapes import Count, Fields, Id

_CUSTOM = "customfield_"


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
_declared = frozenset(field.encode_name for field in msgspec.structs.fields(Fields))


class EnvelopeReader:
    """Reads issues of one site; keep it for as many issues as possible.

    ``shown`` are the ids of fields that configured columns show: of the system's fields, only those that some
    column shows are decoded.
    """

    def __init__(self, shown: Collection[str] = ()) -> None:
        self._extra: dict[str, str] = {}  # field id -> attribute
        self._decoded: set[str] = set()  # of these, what a decoder gives is a value
        self._system = frozenset(name for name in shown if not name.startswith(_CUSTOM))
        self._declared_too = sorted(self._system & _declared)
        self._define()

    def read(self, payload: bytes, note: Note) -> Envelope | None:
        """The issue; what is of another shape than Jira documents is None, and noted."""
        try:
            return self._decoder.decode(payload)
        except (msgspec.MsgspecError, RecursionError):
            payload = decodable(payload, "issue", note)
            self._learn(payload)
        return read(self._envelope, payload, "issue", note)

    def own_fields(self, fields: Fields) -> dict[str, Any]:
        """The custom fields of an issue that are set, and the system's that are shown, decoded, by id."""
        extra = msgspec.structs.astuple(fields)[len(_declared) :]
        found = {
            name: value
            for name, value in zip(self._extra, extra, strict=False)
            if value is not None and name in self._decoded
        }
        for name in self._declared_too:
            if (value := getattr(fields, name)) is not None:
                found[name] = msgspec.to_builtins(value)
        return found

    def _learn(self, payload: bytes) -> None:
        try:
            names = _names_decoder.decode(payload).fields.keys()
        except msgspec.MsgspecError:
            return
        unknown = [name for name in names if name not in self._extra and name not in _declared]
        if unknown:
            self._extra.update({name: f"extra_{len(self._extra) + i}" for i, name in enumerate(unknown)})
            self._decoded |= {name for name in unknown if name.startswith(_CUSTOM) or name in self._system}
            self._define()

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
            forbid_unknown_fields=True,
            gc=False,
        )
        envelope = msgspec.defstruct(
            "SiteEnvelope",
            [("fields", fields, msgspec.field(default_factory=fields))],
            bases=(Envelope,),
            gc=False,
        )
        self._envelope = cast(type[Envelope], envelope)
        self._decoder = msgspec.json.Decoder(self._envelope)
