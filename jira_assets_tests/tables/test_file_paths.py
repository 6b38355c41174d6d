"""Names of files are people's own; the paths made of them are safe."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jira_assets.tables.file_paths import hierarchical_path

ANY_TEXT = st.text(st.characters(codec=None), max_size=300) | st.from_regex(r"[./\\ ~:]*", fullmatch=True)
IDS = st.integers(0, 10**12).map(str)


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("image.png", "7_image.png"),
        ("výkaz účtů 🎉.pdf", "7_výkaz účtů 🎉.pdf"),
        ("../../etc/passwd", "7_.._.._etc_passwd"),
        ("..", "7"),
        ("CON", "7_CON"),
        ("a\nb\0c\u202egnp.exe", "7_a_b_c_gnp.exe"),
        ('<a>:"b"|?*\\%41', "7__a___b______41"),
        ("trailing. ", "7_trailing"),
        ("\ud800", "7__"),
        ("", "7"),
        (None, "7"),
    ],
)
def test_a_file_is_called_by_its_id_and_its_name(filename: str | None, expected: str) -> None:
    assert hierarchical_path("SUP-1", "7", filename) == f"SUP-1/{expected}"


def test_a_long_name_loses_its_middle() -> None:
    name = PurePosixPath(hierarchical_path("SUP-1", "7", f"{'é' * 300}.jpeg")).name
    assert len(name.encode()) <= 200
    assert (name[:3], name[-6:]) == ("7_é", "é.jpeg")


@given(ANY_TEXT, IDS, ANY_TEXT | st.none())
def test_no_name_leaves_its_folder(key: str, attachment_id: str, filename: str | None) -> None:
    path = hierarchical_path(key, attachment_id, filename)
    assert path.isprintable()
    folder, name = path.split("/")
    for part in (folder, name):
        assert part.strip(" .") == part != ""
        assert len(part.encode()) <= 200
        assert not PureWindowsPath(part).is_reserved()
        assert len(PureWindowsPath(part).parts) == len(PurePosixPath(part).parts) == 1


@given(st.sets(IDS, min_size=2), st.data())
def test_files_of_an_issue_never_share_a_path(ids: set[str], data: st.DataObject) -> None:
    paths = {hierarchical_path("SUP-1", id_, data.draw(ANY_TEXT)).casefold() for id_ in ids}
    assert len(paths) == len(ids)
