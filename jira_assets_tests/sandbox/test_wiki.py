import random

import pytest

from jira_assets.sandbox.documents import every_node_document, plain_document
from jira_assets.sandbox.wiki import is_document, wiki_text


def test_lines_become_paragraphs() -> None:
    assert wiki_text(plain_document("one\ntwo")) == "one\n\ntwo"


def test_a_body_with_every_node_becomes_markup() -> None:
    text = wiki_text(every_node_document(random.Random(1)))
    for part in (
        "h2. Everything",
        "lo*",
        "{code}select 1\nfrom t{code}",
        "[~accountid:",
        "* ",
        "|A|B|",
        "# ",
    ):
        assert part in text


@pytest.mark.parametrize("value", [None, "text", [], {"type": "doc"}, {"content": []}])
def test_only_adf_is_a_document(value: object) -> None:
    assert not is_document(value)
