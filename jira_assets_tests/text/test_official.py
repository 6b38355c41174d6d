"""What Atlassian's own renderer for text says of the official documents."""

import json
import re
from typing import Any

import pytest

from jira_assets.text.adf import to_text
from jira_assets.text.rendering import Rendering
from jira_assets_tests.shared_data import shared
from jira_assets_tests.text.nodes import assert_in_order, text_leaves

both = pytest.mark.parametrize("rendering", Rendering)


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shared(f"adf/{name}.json").read_text())["cases"]
    return found


def words(text: str | None) -> list[str]:
    """Without what only Markdown or only Atlassian's renderer puts between them, nor the targets of links."""
    assert text is not None
    return re.findall(r"\w+|[^\w\s*#|>-]", re.sub(r"\]\([^)]*\)|--- ", "]", text))


def test_text_without_marks_is_what_the_official_cases_expect() -> None:
    for case in cases("official-text-cases"):
        result = to_text(case["doc"], Rendering.PLAIN)
        assert result is not None
        if case["match"] == "equal":
            assert result == case["expected"], case["name"]
        else:
            assert case["expected"] in result, case["name"]


def test_markdown_has_what_the_official_cases_expect() -> None:
    for case in cases("official-text-cases"):
        assert_in_order(iter(words(case["expected"])), to_text(case["doc"]))


@both
def test_the_official_documents_lose_no_text(rendering: Rendering) -> None:
    for path in shared("adf/valid").glob("*.json"):
        document = json.loads(path.read_text())
        assert_in_order(text_leaves(document), to_text(document, rendering))


@both
def test_the_sample_of_the_official_serializer_loses_no_text(rendering: Rendering) -> None:
    for case in cases("official-serializer-sample"):
        assert_in_order(text_leaves(case["doc"]), to_text(case["doc"], rendering))


def test_short_documents_are_as_the_official_serializer_writes_them() -> None:
    """The long ones differ where it joins blocks without anything between them."""
    for case in cases("official-serializer-sample"):
        if case["set"] == "atlaskit-v1-valid":
            assert to_text(case["doc"], Rendering.PLAIN) == case["text"], case["file"]
