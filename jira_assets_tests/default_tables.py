"""The tables of the mapping that comes with the package."""

from jira_assets.tables.catalogue import Catalogue
from jira_assets.tables.mapping_file import read_mapping

MAPPING = read_mapping()
CATALOGUE = Catalogue(MAPPING)
TABLES, BY_NAME = CATALOGUE.tables, CATALOGUE.by_name
