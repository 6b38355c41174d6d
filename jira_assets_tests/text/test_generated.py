"""No document, valid or not, loses a word, in either rendering."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from jira_assets.text.adf import to_text
from jira_assets.text.media import shown_files
from jira_assets.text.rendering import Rendering
from jira_assets_tests.shared_data import shared
from jira_assets_tests.text.grammar import BROKEN_DOCUMENTS, CONTENT, DOCUMENTS, SMALL_DOCUMENTS
from jira_assets_tests.text.nodes import all_leaves, assert_in_order, text_leaves

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)
KINDS = st.sampled_from([*CONTENT, "text", "media", "mention", "inlineCard", "hardBreak", "novelty"])
KEYS = ("type", "content", "attrs", "text", "marks", "href", "url", "order", "colspan", "parameters")
ANYTHING = st.recursive(
    JSON,
    lambda children: (
        st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, children | KINDS)) | st.lists(children)
    ),
    max_leaves=20,
)
patient = settings(deadline=None)
both = pytest.mark.parametrize("rendering", Rendering)


@both
@patient
@given(document=DOCUMENTS)
def test_all_texts_of_a_document_are_in_order(document: dict[str, Any], rendering: Rendering) -> None:
    assert_in_order(all_leaves(document), to_text(document, rendering))


@both
@patient
@given(document=BROKEN_DOCUMENTS)
def test_a_broken_document_loses_no_text(document: dict[str, Any], rendering: Rendering) -> None:
    leaves = (leaf.replace("\ud800", "\ufffd") for leaf in text_leaves(document))
    assert_in_order(leaves, to_text(document, rendering))


@both
@patient
@given(value=ANYTHING)
def test_anything_gives_storable_text_or_nothing(value: Any, rendering: Rendering) -> None:
    result = to_text(value, rendering)
    assert result is None or result.encode() is not None


@patient
@given(ANYTHING)
def test_anything_may_show_files(value: Any) -> None:
    assert all(any(file) for file in shown_files(value))


@settings(max_examples=40, deadline=None)
@given(SMALL_DOCUMENTS)
def test_the_generated_documents_are_valid(document: dict[str, Any]) -> None:
    assert _validator().is_valid(document)


@cache
def _validator() -> Draft4Validator:
    return Draft4Validator(json.loads(shared("adf/adf-schema-v1-full.json").read_text()))
