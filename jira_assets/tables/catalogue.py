"""All tables, and the version of the code that makes them."""

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cached_property

from jira_assets.tables.attachments import ATTACHMENTS
from jira_assets.tables.changelog import CHANGELOG
from jira_assets.tables.code_version import code_version
from jira_assets.tables.comments import COMMENTS
from jira_assets.tables.completeness import COMPLETENESS
from jira_assets.tables.data_health import DATA_HEALTH
from jira_assets.tables.declare import IssueTable, Table
from jira_assets.tables.deleted_issues import DELETED_ISSUES
from jira_assets.tables.field_columns import FieldMapping
from jira_assets.tables.issue import Site
from jira_assets.tables.issuelinks import ISSUELINKS
from jira_assets.tables.issues import issues_table
from jira_assets.tables.jira_fields import JIRA_FIELDS
from jira_assets.tables.lookups import LOOKUP_TABLES, LookupTable
from jira_assets.tables.open_ticket_slas import OPEN_TICKET_SLAS
from jira_assets.tables.policy import Policy
from jira_assets.tables.protection import Protection
from jira_assets.tables.remote_links import REMOTE_LINKS
from jira_assets.tables.sla_cycles import SLA_CYCLES
from jira_assets.tables.unreadable_values import UNREADABLE_VALUES
from jira_assets.tables.worklogs import WORKLOGS

UNPARTITIONED: tuple[Table, ...] = (OPEN_TICKET_SLAS, DATA_HEALTH, JIRA_FIELDS, *LOOKUP_TABLES)


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """All tables, as the configuration makes them. Others ask `jira_assets.sync.configuration`."""

    mapping: FieldMapping
    policy: Policy = dataclasses.field(default_factory=Policy)

    @cached_property
    def tables(self) -> tuple[IssueTable, ...]:
        """The tables by month."""
        declared: tuple[IssueTable, ...] = (
            issues_table(self.mapping),
            COMMENTS,
            ATTACHMENTS,
            CHANGELOG,
            ISSUELINKS,
            REMOTE_LINKS,
            SLA_CYCLES,
            WORKLOGS,
            COMPLETENESS,
        )
        read = tuple(map(self.policy.applied, declared))
        # What cannot be read is known only once everything was.
        return (*read, dataclasses.replace(UNREADABLE_VALUES, depends_on=read), DELETED_ISSUES)

    @cached_property
    def lookups(self) -> tuple[LookupTable, ...]:
        """The tables of the site's lists."""
        return tuple(map(self.policy.applied, LOOKUP_TABLES))

    @cached_property
    def unpartitioned(self) -> tuple[Table, ...]:
        """All tables without partitions."""
        return tuple(map(self.policy.applied, UNPARTITIONED))

    @cached_property
    def by_name(self) -> Mapping[str, IssueTable]:
        return {table.name: table for table in self.tables}

    @cached_property
    def version(self) -> str:
        """What the tables depend on before a site is known: the code, and the configuration."""
        return f"{code_version()}-{_digest(f'{self.mapping} {self.policy}')}"


def version(site: Site, protection: Protection) -> str:
    """What rows depend on beside their issue: the code, the site's address, how text is written, the mapping
    with the fields that its columns show, the names of custom fields, which are keys, and what protects them.
    """
    return f"{code_version()}-{_digest(repr(site))}-{_digest(protection.version)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
