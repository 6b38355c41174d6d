"""Which attachment of an issue a text means: texts call files by their media ids, names or addresses."""

from collections import Counter
from collections.abc import Sequence

from jira_assets.raw.attachments import FileRecords
from jira_assets.tables.file_paths import hierarchical_path
from jira_assets.tables.shapes import Attachment
from jira_assets.text.media import ShownFile


class IssueFiles:
    """The attachments of an issue, by whatever texts call them by."""

    def __init__(self, issue_key: str, attachments: Sequence[Attachment], records: FileRecords) -> None:
        self._issue_key = issue_key
        named = [(str(each.id), each.filename) for each in attachments if each.id is not None]
        counts = Counter(name for _, name in named)
        self._names = dict(named)
        self._by_media_id = {
            record.media_id: attachment_id for attachment_id, record in records.items() if record.media_id
        }
        self._by_name = {name: attachment_id for attachment_id, name in named if name and counts[name] == 1}
        self._media_ids = {attachment_id: record.media_id for attachment_id, record in records.items()}

    def may_be_in(self, text: str) -> bool:
        """Whether some of them could be called by its name or its address there."""
        return "/attachment/" in text or any(name in text for name in self._by_name)

    def find(self, shown: ShownFile) -> str | None:
        """The id of the attachment, if it can be told. A name says little: people give it to other files."""
        if shown.attachment_id in self._names:
            return shown.attachment_id
        if shown.media_id is not None and shown.media_id.lower() in self._by_media_id:
            return self._by_media_id[shown.media_id.lower()]
        named = self._by_name.get(shown.name or "")
        if named is None or (shown.media_id is not None and self._media_ids.get(named) is not None):
            return None
        return named

    def path(self, media_id: str | None, name: str | None) -> str | None:
        """The `hierarchical_path` of the attachment that a text calls so, if it can be told."""
        found = self.find(ShownFile(media_id, name))
        return None if found is None else hierarchical_path(self._issue_key, found, self._names[found])
