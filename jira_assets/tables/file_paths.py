"""Names for files that people find their way by: safe in any file system, whatever Jira calls the file."""

import re

_KEY = re.compile(r"[A-Z][A-Z0-9_]*-[0-9]+", re.ASCII)
_ID = re.compile(r"[0-9]+", re.ASCII)
_UNSAFE = re.compile(r'[\\/:*?"<>|%]')
_LONGEST = 200  # bytes in UTF-8, of the 255 that a name may have
_LONGEST_SUFFIX = 20


def hierarchical_path(issue_key: str, attachment_id: str, filename: str | None) -> str:
    """`SUPPORT-1234/56340_image.png`: a folder for the issue, and in it a name for the file.

    The id, which begins it, makes the name unlike that of any other attachment, and unlike names that a
    system keeps to itself (`CON`, `..`).
    """
    folder = issue_key if _KEY.fullmatch(issue_key) else f"_{_safe(issue_key)}"
    begin = attachment_id if _ID.fullmatch(attachment_id) else f"_{_safe(attachment_id)}"
    name = _safe(filename or "")
    return f"{_short(folder)}/{_short(f'{begin}_{name}' if name else begin)}"


def local_path(issue_id: str, attachment_id: str) -> str:
    """Where the content lies, below the data folder."""
    return f"attachments/{issue_id}/{attachment_id}"


def _safe(name: str) -> str:
    """Without what separates folders, what some system refuses, and what cannot be seen."""
    visible = "".join(character if character.isprintable() else "_" for character in name)
    return _UNSAFE.sub("_", visible).rstrip(" .")


def _short(name: str) -> str:
    """Not longer than a file's name may be; what is left out comes before the suffix."""
    if len(name.encode()) <= _LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    ending = f"{dot}{suffix}"
    kept = stem.encode()[: _LONGEST - len(ending.encode())].decode(errors="ignore")
    return f"{kept.rstrip(' .')}{ending}"
