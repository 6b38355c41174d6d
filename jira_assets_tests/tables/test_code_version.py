"""The version of the code follows every module that rows depend on, and nothing else."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jira_assets


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    copied = tmp_path / "jira_assets"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(next(iter(jira_assets.__path__))), copied, ignore=ignored)
    return copied


def version_of(package: Path) -> str:
    """As a fresh process finds it."""
    command = "from jira_assets.tables.code_version import code_version; print(code_version())"
    return _python(package, command)


def _python(package: Path, command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=package.parent, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_version_changes_with_the_code_of_any_module_that_rows_depend_on(package: Path) -> None:
    versions = [version_of(package)]
    changed = ("tables/comments.py", "text/adf.py", "raw/attachments.py", "privacy/values.py")
    for name in (*changed, "raw/latest.py", "privacy/__init__.py"):
        with (package / name).open("a") as file:
            file.write("\nANOTHER = 1\n")
        versions.append(version_of(package))
    assert len(set(versions)) == len(versions)


def test_comments_docstrings_and_other_modules_do_not_count(package: Path) -> None:
    before = version_of(package)
    adf = package / "text" / "adf.py"
    adf.write_text(adf.read_text().replace('"""', '"""Other words. ', 1) + "\n# And a comment.\n")
    (package / "cli.py").write_text("")
    (package / "tables" / "unused.py").write_text("ANOTHER = 1")
    assert version_of(package) == before


def test_a_module_that_is_imported_within_a_function_counts_from_then_on(package: Path) -> None:
    (package / "text" / "more").mkdir()
    more = package / "text" / "more" / "deep.py"
    more.write_text("ANOTHER = 1")
    with (package / "text" / "adf.py").open("a") as file:
        file.write("\ndef more():\n    try:\n        from jira_assets.text.more import deep\n")
        file.write("    finally:\n        pass\n")
    before = version_of(package)
    more.write_text("ANOTHER = 2")
    assert version_of(package) != before


def test_every_module_that_is_loaded_to_build_rows_counts(package: Path) -> None:
    """What Python really imports is a part of what was found without running it."""
    loaded = _python(
        package,
        "import sys; import jira_assets.tables.frames, jira_assets.tables.catalogue\n"
        "print(*(m for m in sys.modules if m.split('.')[0] == 'jira_assets'))",
    )
    counted = _python(
        package,
        "from jira_assets.tables.code_version import _compute; print(*_compute().files)",
    )
    modules = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in counted.split()
    }
    assert {name.removeprefix("jira_assets.") for name in loaded.split()} - {"jira_assets"} <= modules


def test_what_is_kept_of_it_counts_only_if_it_can_be_read_and_is_of_these_files(package: Path) -> None:
    before = version_of(package)
    for cached in (package / "tables" / "__pycache__").glob("code_version.*"):
        cached.write_text("no version")
        assert version_of(package) == before
        assert f'"version":"{before}"' in cached.read_text()
