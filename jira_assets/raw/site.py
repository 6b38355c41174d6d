"""What is kept beside the segments: the site's field catalogue, as Jira sent it."""

import msgspec
from upath import UPath

from jira_assets.files import remove_leftovers, replaced
from jira_assets.raw.errors import RawLogError

_NAME = "fields.json"


class SiteField(msgspec.Struct):
    """An entry of `GET /rest/api/3/field`, as far as it is read."""

    id: str
    name: str


def write_fields(root: UPath, payload: bytes) -> None:
    """Replace the catalogue under the raw folder; readers see the old one or the new one."""
    target = root / _NAME
    try:
        remove_leftovers(root)
        with replaced(target) as staged:
            staged.write_bytes(payload)
    except OSError as error:
        reason = f"cannot write {target}: {error.strerror or error}"
        raise RawLogError(f"{reason}. Check the disk's free space and permissions, and run again.") from error


def read_fields(root: UPath) -> tuple[tuple[str, str], ...]:
    """Ids and names of the site's fields, by id; none while nothing was fetched yet."""
    path = root / _NAME
    try:
        fields = msgspec.json.decode(path.read_bytes(), type=list[SiteField])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        raise RawLogError(
            f"{path} cannot be read ({error}); materialise raw_issues of any month again"
        ) from error
    return tuple(sorted((field.id, field.name) for field in fields))
