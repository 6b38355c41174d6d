"""Which files a text shows, and how it shows them."""

from typing import Any

import pytest

from jira_assets.text.adf import to_text
from jira_assets.text.media import ShownFile, shown_files
from jira_assets.text.rendering import Rendering
from jira_assets_tests.text.nodes import link, markdown, node, paragraph, plain, text

UUID = "6e7c7f2c-dd7a-499c-bceb-6f32bfbf30b5"


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (node("media", type="file", id=UUID, alt="a.png"), [ShownFile(UUID, "a.png")]),
        (node("media", type="file", id=UUID, alt="A plan", __fileName="a.png"), [ShownFile(UUID, "a.png")]),
        (node("mediaInline", id=UUID), [ShownFile(UUID, None)]),
        (node("media", type="file", id=7, alt=None, fileName="a.png"), [ShownFile(None, "a.png")]),
        (node("media", type="external", url="https://a.example/a.png", alt="a.png"), []),
        (node("media", type="external", url="https://a.example/rest/api/3/attachment/content/10001"),
         [ShownFile(None, None, "10001")]),
        (node("media", type="link", id=UUID), []),
        (node("media"), []),
        ({"type": "media", "attrs": "a"}, []),
    ],
)  # fmt: skip
def test_a_document_shows_files(media: dict[str, Any], expected: list[ShownFile]) -> None:
    assert shown_files(node("doc", node("mediaSingle", media))) == expected


@pytest.mark.parametrize(
    ("wiki", "expected"),
    [
        ("!a.png!", [ShownFile(None, "a.png")]),
        ("see !a b.png|thumbnail! and !c.png|width=300,alt=\"c!\"!",
         [ShownFile(None, "a b.png"), ShownFile(None, "c.png")]),
        ("[^a.pdf] [its text|^b.pdf] [^c.pdf|name]", [ShownFile(None, f"{name}.pdf") for name in "abc"]),
        ("!https://a.example/secure/attachment/10001/a.png!", [ShownFile(None, None, "10001")]),
        ("!https://a.example/a.png! [a|https://a.example/]", []),
        ("Wow! Great! a!b!c !! ! a.png! [^] !a.png", []),
    ],
)  # fmt: skip
def test_wiki_markup_shows_files(wiki: str, expected: list[ShownFile]) -> None:
    assert shown_files(wiki) == expected


def test_files_are_in_reading_order_each_as_often_as_shown() -> None:
    first, second = node("mediaInline", alt="a.png"), node("media", alt="b.png")
    document = node("doc", paragraph(first), node("mediaGroup", second, second), paragraph(first))
    assert [file.name for file in shown_files(document)] == ["a.png", "b.png", "b.png", "a.png"]


@pytest.mark.parametrize("value", [None, 1, "", {}, [], [None, "a"], {"content": {"type": "media"}}])
def test_what_shows_no_files(value: object) -> None:
    assert shown_files(value) == []


def test_files_are_found_at_any_depth() -> None:
    document: Any = node("media", alt="a.png")
    for _ in range(100_000):
        document = {"content": [document]}
    assert shown_files(document) == [ShownFile(None, "a.png")]


@pytest.mark.parametrize("wiki", ["!", "[^", "!a", "[|^", "!a|", "[a|^b", "/attachment/1"])
def test_wiki_markup_is_searched_in_one_pass(wiki: str) -> None:
    assert len(shown_files(wiki * 200_000)) <= 200_000


def shown_as(media_id: str | None, name: str | None) -> str | None:
    if media_id != UUID:
        return None
    return f"10001-{name}" if name else "https://a.example/10001"


@pytest.mark.parametrize(
    ("media", "in_markdown", "without_marks"),
    [
        (node("media", id=UUID, alt="a.png"), "![a.png](10001-a.png)", "a.png (10001-a.png)"),
        (node("media", id=UUID, __fileName="a.png", alt="A plan"), "![A plan](10001-a.png)",
         "A plan (10001-a.png)"),
        (node("media", id=UUID), "![](https://a.example/10001)", "https://a.example/10001"),
        (node("media", id="unknown", alt="b.png"), "![b.png]()", "b.png"),
        (node("media", id="unknown"), "[media]", "[media]"),
        (node("media", type="external", url="https://a.example/c"), "![](https://a.example/c)", "https://a.example/c"),
        (node("media", alt="a]b"), "a]b", "a]b"),
    ],
)  # fmt: skip
def test_a_file_is_shown_as_the_attachment_that_it_stands_for(
    media: dict[str, Any], in_markdown: str, without_marks: str
) -> None:
    document = node("doc", node("mediaSingle", media))
    assert to_text(document, files=shown_as) == in_markdown
    assert to_text(document, Rendering.PLAIN, shown_as) == without_marks


def test_a_picture_has_its_caption_below_it() -> None:
    single = node("mediaSingle", node("media", alt="a.png"), node("caption", text("A plan")))
    assert markdown(single, paragraph("b")) == "![a.png]()  \nA plan\n\nb"
    assert plain(single, paragraph("b")) == "a.png\nA plan\nb"


def test_a_picture_may_be_a_link() -> None:
    target = link("https://a.example/")
    linked = node("mediaSingle", node("media", alt="a.png") | {"marks": [target]})
    whole = node("mediaSingle", node("media", alt="a.png"), node("caption", text("b"))) | {"marks": [target]}
    assert markdown(linked) == "[![a.png]()](https://a.example/)"
    assert markdown(whole) == "[![a.png]()](https://a.example/)  \nb"


def test_the_files_of_a_group_are_on_lines_of_their_own() -> None:
    group = node("mediaGroup", node("media", alt="a.png"), node("media", id="1"), node("media", alt="b.png"))
    assert markdown(group) == "📎 1 File  \n![a.png]()  \n![b.png]()"
    assert plain(group) == "📎 1 File\na.png\nb.png"
