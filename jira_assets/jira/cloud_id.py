"""The id by which the gateway knows a site."""

from typing import Annotated

import msgspec

from jira_assets.jira.auth import Credential
from jira_assets.jira.host import Host, Request

TENANT_INFO = "/_edge/tenant_info"


class _TenantInfo(msgspec.Struct, rename="camel"):
    cloud_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")]


def cloud_id_of_site(site: Host) -> str:
    """The site's cloud id, which it tells anybody (jira_cloud.md 4). Raises a ``JiraError``."""
    return site.call(Request("GET", TENANT_INFO, _TenantInfo), Credential.nobody()).value.cloud_id
