"""What tables are told of sites that have fields of their own."""

from collections.abc import Mapping

from jira_assets.raw.site import FieldSchema, SiteField
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.issue import Site
from jira_assets.tables.resolve import resolve
from jira_assets_tests.default_tables import MAPPING

URL = "https://example.atlassian.net"


def field(field_id: str, name: str | None = None, type_: str | None = None) -> SiteField:
    """An entry of a catalogue."""
    return SiteField(field_id, name, schema=FieldSchema(type_) if type_ else None)


def site_with(names: Mapping[str, str], mapping: FieldMapping = MAPPING) -> Site:
    """A site with fields of these names, by their ids."""
    return resolve(mapping, [field(*each) for each in names.items()]).site(URL)
