"""The tables of the mapping that comes with the package, for a site with the fields beside a raw log."""

from upath import UPath

from jira_assets.raw.site import read_fields
from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.issue import Site
from jira_assets.tables.mapping_file import read_mapping
from jira_assets.tables.resolve import resolve

MAPPING = read_mapping()
CATALOGUE = Catalogue(MAPPING)
TABLES, BY_NAME = CATALOGUE.tables, CATALOGUE.by_name


def site_of(raw_folder: UPath) -> Site:
    """What the tables need to know of the site that a raw log is of."""
    return resolve(MAPPING, read_fields(raw_folder)).site()
