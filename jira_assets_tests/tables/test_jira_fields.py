"""The site's fields as a table."""

from jira_assets.raw.site import FieldSchema, FieldScope, ScopeProject, SiteField
from jira_assets.tables.jira_fields import JIRA_FIELDS, fields_frame
from jira_assets.tables.resolve import resolve
from jira_assets_tests.default_tables import MAPPING
from jira_assets_tests.tables.sites import field


def test_a_field_has_a_row_that_says_where_its_values_are() -> None:
    fields = [
        field("customfield_2", "Team"),
        field("customfield_1", "Time to resolution"),
        field("customfield_3", "Team"),
        field("summary", "Summary"),
    ]
    frame = fields_frame(resolve(MAPPING, fields))
    assert frame.schema == JIRA_FIELDS.schema
    shown = frame.select("field_id", "is_custom", "issue_columns", "custom_fields_key").rows()
    columns = [f"time_to_resolution_{part}" for part in ("breached", "goal_millis", "elapsed_millis")]
    assert shown == [
        ("customfield_1", True, columns, None),
        ("customfield_2", True, None, "Team (customfield_2)"),
        ("customfield_3", True, None, "Team (customfield_3)"),
        ("summary", False, None, None),
    ]


def test_a_row_has_what_jira_says_of_the_field() -> None:
    told = SiteField(
        "customfield_1",
        name="Team",
        key="customfield_1",
        searchable=True,
        orderable=False,
        clauseNames=("cf[1]", "Team"),
        schema=FieldSchema("array", "string", "x:labels"),
        scope=FieldScope("PROJECT", ScopeProject("10003")),
        listed=False,
    )
    (row,) = fields_frame(resolve(MAPPING, [told])).to_dicts()
    expected = {"type": "array", "items": "string", "custom_type": "x:labels", "is_searchable": True}
    expected |= {"is_orderable": False, "is_navigable": None, "clause_names": ["cf[1]", "Team"]}
    expected |= {"scope_type": "PROJECT", "scope_project_id": "10003", "is_listed": False}
    assert {name: row[name] for name in expected} == expected


def test_a_site_whose_fields_nobody_has_read_has_an_empty_table() -> None:
    assert fields_frame(resolve(MAPPING, [])).schema == JIRA_FIELDS.schema
