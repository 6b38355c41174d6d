"""Asking for the catalogue of fields."""

import pytest

from jira_assets.jira.errors import Unavailable
from jira_assets.jira.fields import fetch_fields
from jira_assets.sandbox.faults import Fault
from jira_assets.sandbox.server import serve
from jira_assets.sandbox.site import Site
from jira_assets_tests.jira.connection import connect


@pytest.mark.parametrize(
    ("body", "names"),
    [(rb'[{"id":"a","name":"A\ud83d"}]', {"a": "A\ufffd"}), (b'[{"id":"a"}]', {"a": "a"})],
)
def test_fields_have_names_whatever_jira_sends(body: bytes, names: dict[str, str]) -> None:
    with serve(Site([])) as sandbox, connect(sandbox.url) as client:
        sandbox.faults.next(Fault("fields", status=200, body=body))
        assert fetch_fields(client).names == names


@pytest.mark.parametrize("body", [b"{}", b"[" * 100_000, b'[{"id":"a","name":"\xff"}]'])
def test_what_is_no_list_of_fields_is_an_error_of_jira(body: bytes) -> None:
    with serve(Site([])) as sandbox, connect(sandbox.url) as client:
        sandbox.faults.add(Fault("fields", status=200, body=body))
        with pytest.raises(Unavailable, match=r"/rest/api/3/field: 200, .*not the JSON that was expected"):
            fetch_fields(client)
