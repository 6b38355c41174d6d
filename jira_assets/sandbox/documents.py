"""Atlassian Document Format bodies: short ones as people write them, and one with every node and mark."""

import random
from collections.abc import Callable
from typing import Any

Node = dict[str, Any]

_TEXT = """
the export of invoices fails when a customer has two addresses after we changed the mapping please check
whether logs show a timeout between gateway and warehouse this worked before release yesterday nothing else
was deployed Überweisung größere Beträge naïve 数据 同步 失敗 каталог 🚀 ✅ retry column schema token
"""
_WORDS = tuple(_TEXT.split())


def sentence(rng: random.Random, low: int = 4, high: int = 14) -> str:
    """A few words, now and then not in English."""
    words = rng.choices(_WORDS, k=rng.randint(low, high))
    return " ".join(words).capitalize() + "."


def document(*content: Node) -> Node:
    """A whole body."""
    return {"type": "doc", "version": 1, "content": list(content)}


def plain_document(text: str) -> Node:
    """A body of one paragraph per line."""
    return document(*(_paragraph(_text(line)) if line else _paragraph() for line in text.split("\n")))


def random_document(rng: random.Random, blocks: int) -> Node:
    """A body of ``blocks`` blocks, mostly paragraphs."""
    return document(*(rng.choice(_BLOCKS)(rng) for _ in range(blocks)))


def every_node_document(rng: random.Random) -> Node:
    """A valid body with all 43 node types and all 17 marks of the schema."""
    inline = (_marked_text(rng) + _inline_nodes(rng))[:]
    return document(
        _node("heading", {"level": 2}, [_text("Everything")], [_mark("alignment", align="center")]),
        _node("paragraph", None, inline),
        _node("paragraph", None, [_text("indented")], [_mark("indentation", level=1)]),
        _node("paragraph", None, [_text("small")], [_mark("fontSize", fontSize="small")]),
        _node(
            "codeBlock", {"language": "sql"}, [_text("select 1\nfrom t")], [_mark("breakout", mode="wide")]
        ),
        _node("rule"),
        _node("blockquote", None, [_paragraph(_text("quoted"))]),
        _bullets(rng),
        _node(
            "orderedList",
            {"order": 0},
            [_item(_paragraph(_text("zeroth"))), _item(_paragraph(_text("first")))],
        ),
        _node("panel", {"panelType": "warning"}, [_paragraph(_text("careful"))]),
        _table(rng),
        *_media(rng),
        *_cards(),
        _node("expand", {"title": "More"}, [_paragraph(_text("inside")), _nested_expand()]),
        _node(
            "layoutSection", None, [_column("left"), _column("right")], [_mark("breakout", mode="full-width")]
        ),
        *_tasks(rng),
        *_extensions(),
    )


def _node(
    type_: str, attrs: Node | None = None, content: list[Node] | None = None, marks: list[Node] | None = None
) -> Node:
    parts = {"attrs": attrs, "content": content, "marks": marks}
    return {"type": type_} | {name: part for name, part in parts.items() if part is not None}


def _mark(type_: str, **attrs: Any) -> Node:
    return {"type": type_, "attrs": attrs} if attrs else {"type": type_}


def _text(text: str, *marks: Node) -> Node:
    return {"type": "text", "text": text, "marks": list(marks)} if marks else {"type": "text", "text": text}


def _paragraph(*content: Node) -> Node:
    return _node("paragraph", None, list(content))


def _item(*content: Node) -> Node:
    return _node("listItem", None, list(content))


def _local(rng: random.Random) -> str:
    return f"{rng.getrandbits(48):012x}"


def _marked_text(rng: random.Random) -> list[Node]:
    return [
        _text("Hel"),
        _text("lo", _mark("strong")),
        _text(" em", _mark("em")),
        _text(" code", _mark("code")),
        _text(" gone", _mark("strike")),
        _text(" under", _mark("underline")),
        _text("2", _mark("subsup", type="sup")),
        _text(" red", _mark("textColor", color="#ff0000")),
        _text(" lit", _mark("backgroundColor", color="#ffff00")),
        _text(" noted", _mark("annotation", id=_local(rng), annotationType="inlineComment")),
        _text(" linked", _mark("link", href=f"https://example.com/{rng.randint(1, 999)}?a=1&b=2")),
    ]


def _inline_nodes(rng: random.Random) -> list[Node]:
    extension = {"extensionType": "com.example", "extensionKey": "inline", "text": "inline extension"}
    media = {"id": _local(rng), "collection": "c", "type": "file", "alt": "inline.png"}
    return [
        _node("hardBreak"),
        _node("mention", {"id": "5b10ac8d82e05b22cc7d4ef5", "text": "@Emma Richards"}),
        _node("emoji", {"shortName": ":tada:", "id": "1f389", "text": "🎉"}),
        _node("date", {"timestamp": str(rng.randint(1_500_000_000, 1_790_000_000) * 1000)}),
        _node("status", {"text": "IN REVIEW", "color": "blue"}),
        _node("inlineCard", {"url": "https://example.com/card"}),
        _node("placeholder", {"text": "Type something"}),
        _node("inlineExtension", extension),
        _node("mediaInline", media),
    ]


def _bullets(rng: random.Random) -> Node:
    inner = _node("bulletList", None, [_item(_paragraph(_text("deeper")))])
    return _node(
        "bulletList", None, [_item(_paragraph(_text(sentence(rng)))), _item(_paragraph(_text("two")), inner)]
    )


def _table(rng: random.Random) -> Node:
    header = _node(
        "tableRow", None, [_node("tableHeader", {}, [_paragraph(_text(name))]) for name in ("A", "B")]
    )
    cells = [_node("tableCell", {}, [_paragraph(_text(sentence(rng, 1, 3)))]) for _ in range(2)]
    marks = [_mark("fragment", localId=_local(rng), name="Table 1")]
    return _node("table", {"layout": "default"}, [header, _node("tableRow", None, cells)], marks)


def _media(rng: random.Random) -> list[Node]:
    file = {
        "type": "file",
        "id": _local(rng),
        "collection": "c",
        "alt": "screen.png",
        "width": 100,
        "height": 50,
    }
    bordered = _node("media", file, marks=[_mark("border", size=1, color="#091e4224")])
    external = _node("media", {"type": "external", "url": "https://example.com/picture.png"})
    single = _node(
        "mediaSingle", {"layout": "center"}, [bordered, _node("caption", None, [_text("A caption")])]
    )
    return [
        single,
        _node("mediaSingle", {"layout": "center"}, [external]),
        _node("mediaGroup", None, [_node("media", file)]),
    ]


def _cards() -> list[Node]:
    return [
        _node("blockCard", {"url": "https://example.com/block"}),
        _node("embedCard", {"url": "https://example.com/embed", "layout": "center"}),
    ]


def _nested_expand() -> Node:
    return _node("nestedExpand", {"title": "Even more"}, [_paragraph(_text("deep inside"))])


def _column(text: str) -> Node:
    return _node("layoutColumn", {"width": 50}, [_paragraph(_text(text))])


def _tasks(rng: random.Random) -> list[Node]:
    done = _node("taskItem", {"localId": _local(rng), "state": "DONE"}, [_text("written")])
    block = _node(
        "blockTaskItem", {"localId": _local(rng), "state": "TODO"}, [_paragraph(_text("to review"))]
    )
    decided = _node("decisionItem", {"localId": _local(rng), "state": "DECIDED"}, [_text("we ship")])
    return [
        _node("taskList", {"localId": _local(rng)}, [done, block]),
        _node("decisionList", {"localId": _local(rng)}, [decided]),
    ]


def _extensions() -> list[Node]:
    attrs = {"extensionType": "com.example", "extensionKey": "chart", "text": "a chart"}
    sync = {"resourceId": "r1", "localId": "l1"}
    return [
        _node("extension", attrs, marks=[_mark("dataConsumer", sources=["l1"])]),
        _node("bodiedExtension", attrs, [_paragraph(_text("extension body"))]),
        _node("syncBlock", sync),
        _node("bodiedSyncBlock", sync, [_paragraph(_text("synced body"))]),
    ]


def _plain_block(rng: random.Random) -> Node:
    return _paragraph(_text(sentence(rng)))


def _rich_block(rng: random.Random) -> Node:
    nodes = [
        _text(sentence(rng)),
        rng.choice(_inline_nodes(rng)),
        rng.choice(_marked_text(rng)),
        _text(" end."),
    ]
    return _paragraph(*nodes)


_BLOCKS: tuple[Callable[[random.Random], Node], ...] = (
    *[_plain_block] * 6,
    *[_rich_block] * 3,
    _bullets,
    _table,
    lambda rng: _node("codeBlock", {"language": "python"}, [_text(f"retry({rng.randint(1, 9)})")]),
    lambda rng: _node("heading", {"level": rng.randint(1, 6)}, [_text(sentence(rng, 1, 4))]),
)
