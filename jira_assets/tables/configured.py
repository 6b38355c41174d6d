"""Columns of `issues` that come from a site's own fields, and `custom_fields`, which holds all the others.

SLAs are fields of a site too, but have a part, and with `sla_cycles` a table, of their own.
"""

from collections.abc import Sequence
from itertools import chain

import msgspec

from jira_assets.tables.custom_fields import plain
from jira_assets.tables.issue import Issue
from jira_assets.tables.lenient import shape


def configured_values(issue: Issue, columns: Sequence[str]) -> tuple[list[object], str | None]:
    """The values of these configured columns, and all other custom fields as a JSON object by name.

    A column is NULL if its field is unknown, or holds something that is not what the mapping says.
    """
    values: dict[str, object] = dict.fromkeys(columns)
    others: dict[str, object] = {}
    shown_by, keys = issue.site.shown_by, issue.site.keys
    slas = {field_id: sla for field_id, (_, sla) in issue.slas.items()}
    for field_id, value in chain(issue.own_fields.items(), slas.items()):
        shown = shown_by.get(field_id)
        if shown is None:
            if field_id not in slas:
                others[keys.get(field_id, field_id)] = plain(value, issue.text)
            continue
        for each in shown:
            found, unread = each.read(value, issue.text)
            values[each.column.name] = found
            for other in unread:
                issue.note(each.column.name, f"the field {field_id} holds {shape(other)}")
    # In an order of their own: the one in which fields are met differs from run to run.
    custom_fields = msgspec.json.encode(dict(sorted(others.items()))).decode() if others else None
    return list(values.values()), custom_fields
