"""Documents by the grammar of Atlassian's schema (@atlaskit/adf-schema 57.7.22), and ones that break it."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

Node = dict[str, Any]

WORDS = st.text("ab é😀.,:*_`|#>-~[]()!\\\n", min_size=1, max_size=8)
NAMES = st.text("ABé ", min_size=1, max_size=4)
ADDRESSES = st.sampled_from(
    ["https://a.example/", "https://b.example/c?d=1#e", "mailto:a@b.example", "/f (g)"]
)

_INLINE = ("text", "hardBreak", "mention", "emoji", "date", "status", "inlineCard", "placeholder",
           "inlineExtension", "mediaInline")  # fmt: skip
_ITEM = ("paragraph", "bulletList", "orderedList", "taskList", "mediaSingle", "codeBlock", "extension")
_NESTED = ("paragraph", "heading", "bulletList", "orderedList", "taskList", "decisionList", "mediaSingle",
           "mediaGroup", "codeBlock", "rule", "panel", "blockquote", "extension")  # fmt: skip
_BODY = (*_NESTED, "table", "blockCard", "embedCard")

# What may be in a node. The first is what is taken where a document gets too deep.
CONTENT: dict[str, tuple[str, ...]] = {
    "doc": (*_BODY, "expand", "bodiedExtension", "layoutSection", "syncBlock", "bodiedSyncBlock"),
    "paragraph": _INLINE,
    "heading": _INLINE,
    "taskItem": _INLINE,
    "decisionItem": _INLINE,
    "caption": _INLINE[:-2],
    "codeBlock": ("code",),
    "blockquote": ("paragraph", "orderedList", "bulletList", "codeBlock", "mediaSingle", "mediaGroup",
                   "extension"),
    "bulletList": ("listItem",),
    "orderedList": ("listItem",),
    "listItem": _ITEM,
    "panel": ("paragraph", "heading", "bulletList", "orderedList", "blockCard", "mediaGroup", "mediaSingle",
              "codeBlock", "taskList", "rule", "decisionList", "extension"),
    "table": ("tableRow",),
    "tableRow": ("tableCell", "tableHeader"),
    "tableCell": (*_NESTED, "blockCard", "embedCard", "nestedExpand"),
    "tableHeader": (*_NESTED, "blockCard", "embedCard", "nestedExpand"),
    "mediaGroup": ("media",),
    "mediaSingle": ("media",),
    "expand": (*_BODY, "nestedExpand"),
    "nestedExpand": _NESTED,
    "layoutSection": ("layoutColumn",),
    "layoutColumn": (*_BODY, "expand", "bodiedExtension"),
    "taskList": ("taskItem", "taskList", "blockTaskItem"),
    "blockTaskItem": ("paragraph", "extension"),
    "decisionList": ("decisionItem",),
    "bodiedExtension": _BODY,
    "bodiedSyncBlock": ("paragraph", "heading", "bulletList", "taskList", "panel", "table", "expand",
                        "layoutSection"),
}  # fmt: skip
_ANY_SIZE = {"paragraph", "heading", "taskItem", "decisionItem", "caption", "codeBlock", "tableRow"}
_SIZES = {"layoutSection": (2, 3), "mediaSingle": (1, 1), "blockTaskItem": (1, 2)}
_EXTENSION = {"extensionType": st.just("com.example"), "extensionKey": st.just("toc")}
_FILE = {"type": st.just("file"), "id": st.uuids().map(str), "collection": st.just("")}
_ID = {"localId": st.just("1")}

REQUIRED: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "heading": {"level": st.integers(1, 6)},
    "mention": {"id": st.just("5b"), "text": NAMES.map("@{}".format)},
    "emoji": {"shortName": st.just(":tada:"), "text": st.sampled_from("🎉✅")},
    "date": {"timestamp": st.integers(0, 2**41).map(str)},
    "status": {"text": NAMES.map(str.upper), "color": st.just("green")},
    "inlineCard": {"url": ADDRESSES},
    "blockCard": {"url": ADDRESSES},
    "embedCard": {"url": ADDRESSES, "layout": st.just("wide")},
    "placeholder": {"text": NAMES},
    "panel": {"panelType": st.sampled_from(["info", "note", "tip", "warning", "error", "success", "custom"])},
    "media": _FILE,
    "mediaInline": {"id": _FILE["id"], "collection": st.just("")},
    "mediaSingle": {"layout": st.just("center")},
    "nestedExpand": {"title": NAMES},
    "layoutColumn": {"width": st.just(50)},
    "taskList": _ID,
    "taskItem": {"localId": st.just("1"), "state": st.sampled_from(["TODO", "DONE"])},
    "blockTaskItem": {"localId": st.just("1"), "state": st.sampled_from(["TODO", "DONE"])},
    "decisionList": _ID,
    "decisionItem": {"localId": st.just("1"), "state": st.just("DECIDED")},
    "extension": _EXTENSION,
    "inlineExtension": _EXTENSION,
    "bodiedExtension": _EXTENSION,
    "syncBlock": {"resourceId": st.just("1"), "localId": st.just("1")},
    "bodiedSyncBlock": {"resourceId": st.just("1"), "localId": st.just("1")},
}
_SPANS = {"colspan": st.integers(1, 3), "rowspan": st.integers(1, 3)}
OPTIONAL: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "orderedList": {"order": st.sampled_from([0, 1, 7])},
    "codeBlock": {"language": st.sampled_from(["sql", "c++", "plain text"])},
    "expand": {"title": NAMES},
    "media": {"alt": NAMES},
    "mediaInline": {"alt": NAMES},
    "tableCell": _SPANS,
    "tableHeader": _SPANS,
}


def _mark(kind: str, **attributes: Any) -> Node:
    return {"type": kind, "attrs": attributes} if attributes else {"type": kind}


_LINKS = ADDRESSES.map(lambda href: _mark("link", href=href))
_ANNOTATION = st.just(_mark("annotation", id="1", annotationType="inlineComment"))
_COLOURS = st.sampled_from([_mark("textColor", color="#97a0af"), _mark("backgroundColor", color="#97a0af")])
_SCRIPTS = st.sampled_from([_mark("subsup", type="sub"), _mark("subsup", type="sup")])
_SIMPLE = st.sampled_from([_mark(kind) for kind in ("em", "strong", "strike", "underline")])
_TEXT_MARKS = st.one_of(_LINKS, _ANNOTATION, _COLOURS, _SCRIPTS, _SIMPLE)
_FRAGMENT, _CONSUMER = _mark("fragment", localId="1"), _mark("dataConsumer", sources=["1"])
MARKS: dict[str, st.SearchStrategy[Node]] = {
    "media": st.one_of(_LINKS, _ANNOTATION, st.just(_mark("border", size=2, color="#97a0af"))),
    "mediaInline": st.one_of(_LINKS, _ANNOTATION, st.just(_CONSUMER)),
    "mediaSingle": _LINKS,
    "table": st.just(_FRAGMENT),
    "extension": st.sampled_from([_FRAGMENT, _CONSUMER]),
    "bodiedExtension": st.sampled_from([_FRAGMENT, _CONSUMER]),
    "layoutSection": st.just(_mark("breakout", mode="wide")),
    "syncBlock": st.just(_mark("breakout", mode="wide")),
}
# Of blocks that are directly in a document.
ROOT_MARKS: dict[str, st.SearchStrategy[Node]] = {
    "paragraph": st.sampled_from(
        [_mark("alignment", align="end"), _mark("indentation", level=2), _mark("fontSize", fontSize="small")]
    ),
    "heading": st.sampled_from([_mark("alignment", align="center"), _mark("indentation", level=1)]),
    "codeBlock": st.just(_mark("breakout", mode="wide")),
    "expand": st.just(_mark("breakout", mode="wide")),
}


@cache
def _nodes(kind: str, depth: int, parent: str) -> st.SearchStrategy[Node]:
    if kind in ("text", "code"):
        return _texts(in_code_block=kind == "code")
    parts: dict[str, st.SearchStrategy[Any]] = {"type": st.just(kind)}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    if kind == "doc":
        parts["version"] = st.just(1)
    if kind in REQUIRED or kind in OPTIONAL:
        parts["attrs"] = st.fixed_dictionaries(REQUIRED.get(kind, {}), optional=OPTIONAL.get(kind, {}))
    if kind in MARKS or (kind in ROOT_MARKS and parent == "doc"):
        optional["marks"] = (MARKS if kind in MARKS else ROOT_MARKS)[kind].map(lambda mark: [mark])
    if kind in CONTENT:
        low, high = _SIZES.get(kind, (0 if kind in _ANY_SIZE else 1, 3 if depth > 1 else 2))
        kinds = CONTENT[kind] if depth else CONTENT[kind][:1]
        below = st.deferred(lambda: st.one_of([_nodes(child, max(depth - 1, 0), kind) for child in kinds]))
        parts["content"] = st.lists(below, min_size=low, max_size=high)
    if kind == "mediaSingle":
        caption = st.deferred(lambda: _nodes("caption", 1, kind))
        parts["content"] = st.tuples(_nodes("media", 0, kind)).map(list) | st.tuples(
            _nodes("media", 0, kind), caption
        ).map(list)
    return st.fixed_dictionaries(parts, optional=optional)


@st.composite
def _texts(draw: st.DrawFn, *, in_code_block: bool) -> Node:
    node: Node = {"type": "text", "text": draw(WORDS)}
    if not in_code_block and draw(st.booleans()):
        code = draw(st.booleans())
        marks = draw(st.lists(_LINKS | _ANNOTATION if code else _TEXT_MARKS, max_size=3))
        distinct = {mark["type"]: mark for mark in marks}
        node["marks"] = [*([_mark("code")] if code else []), *distinct.values()]
    return node


DOCUMENTS = _nodes("doc", 4, "")
SMALL_DOCUMENTS = _nodes("doc", 2, "")  # a validator needs seconds for large ones


def _parts(document: Node) -> list[Node]:
    parts, stack = [], [document]
    while stack:
        part = stack.pop()
        parts.append(part)
        stack += part.get("content", ())
    return parts


_WRONG = st.sampled_from(
    [None, "a", 1, -1.5, True, [], ["a", None, [1]], {}, {"text": "a"}, "\x00", "\ud800"]
)


@st.composite
def _broken(draw: st.DrawFn) -> Node:
    document = draw(DOCUMENTS)
    for _ in range(draw(st.integers(1, 4))):
        part = draw(st.sampled_from(_parts(document)))
        key = draw(st.sampled_from(["attrs", "content", "marks", "type", "attribute"]))
        if key == "attribute":
            part, key = (
                part.get("attrs", {}),
                draw(st.sampled_from(["text", "url", "level", "order", "title"])),
            )
        if draw(st.booleans()):
            part.pop(key, None)
        elif key != "content" or "content" not in part:
            part[key] = draw(st.sampled_from(["novelty", "text", "table"]) if key == "type" else _WRONG)
        if key in ("content", "attrs", "type"):
            break  # what is below may be no nodes any more
    return document


BROKEN_DOCUMENTS = _broken()
