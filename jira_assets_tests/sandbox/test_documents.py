import json
import random
from typing import Any

import jsonschema
import pytest

from jira_assets.sandbox.documents import every_node_document, plain_document, random_document
from jira_assets_tests.shared_data import shared


def _types(node: dict[str, Any]) -> set[str]:
    inner = [_types(child) for child in node.get("content", [])]
    marks = {f"{mark['type']} mark" for mark in node.get("marks", [])}
    return {node["type"]}.union(marks, *inner)


def test_the_full_document_has_43_nodes_and_17_marks() -> None:
    types = _types(every_node_document(random.Random(1)))
    assert len([each for each in types if not each.endswith(" mark")]) == 43
    assert len([each for each in types if each.endswith(" mark")]) == 17


def test_the_same_seed_gives_the_same_document() -> None:
    assert random_document(random.Random(5), 9) == random_document(random.Random(5), 9)


@pytest.mark.parametrize("seed", range(5))
def test_documents_are_valid_by_atlassians_schema(seed: int) -> None:
    schema = json.loads(shared("adf/adf-schema-v1-full.json").read_text())
    validator = jsonschema.Draft4Validator(schema)
    rng = random.Random(seed)
    for body in (every_node_document(rng), random_document(rng, 12), plain_document("a\n\nb\x00")):
        validator.validate(body)
