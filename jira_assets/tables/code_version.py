"""The version of the code that makes rows: a digest over the syntax of every module that has a part in it.

Nobody can forget to raise it: it follows imports from where rows are built. Comments and docstrings do not
count, since they change no row. When it differs from the one that a month was built with, the month is made
anew.
"""

import ast
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

_PACKAGE = Path(__file__).parents[1]
_ROOTS = ("jira_assets.tables.catalogue", "jira_assets.tables.frames")


class _Computed(msgspec.Struct):
    """A version, and the digest of each file that it was computed from."""

    version: str
    files: dict[str, str]

    def is_current(self) -> bool:
        with suppress(OSError):
            return all(_digest((_PACKAGE / name).read_bytes()) == found for name, found in self.files.items())
        return False


@cache
def code_version() -> str:
    """16 hexadecimal digits.

    Parsing takes a fifth of a second, so the result is kept beside Python's own compiled files.
    """
    kept = Path(__file__).parent / "__pycache__" / f"code_version.{sys.implementation.cache_tag}.json"
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        computed = msgspec.json.decode(kept.read_bytes(), type=_Computed)
        if computed.is_current():
            return computed.version
    computed = _compute()
    with suppress(OSError):  # of somebody else, who may write there: then it is computed every time
        kept.parent.mkdir(exist_ok=True)
        staged = kept.with_name(f"{kept.name}.{os.getpid()}")
        staged.write_bytes(msgspec.json.encode(computed))
        staged.replace(kept)
    return computed.version


def _compute() -> _Computed:
    trees: dict[str, ast.Module] = {}
    digests: dict[str, str] = {}
    modules = list(_ROOTS)
    while modules:
        module = modules.pop()
        file = _file_of(module)
        if file is None or (name := file.relative_to(_PACKAGE).as_posix()) in trees:
            continue
        source = file.read_bytes()
        digests[name] = _digest(source)
        trees[name] = ast.parse(source)
        # Whatever contains a module is run before it.
        modules += [module.rpartition(".")[0], *_imported(trees[name])]
    syntax = "\0".join(f"{name}\0{_syntax(tree)}" for name, tree in sorted(trees.items()))
    return _Computed(_digest(syntax.encode())[:16], digests)


def _file_of(module: str) -> Path | None:
    """The file of a module of ours; None for others, and for names of something within a module."""
    package, *names = module.split(".")
    if package != _PACKAGE.name:
        return None
    path = _PACKAGE.joinpath(*names)
    found = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in found if file.is_file()), None)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Every module that may be imported, within functions too; not what only type checkers import."""
    for statement in _statements(tree.body):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            yield from _statements(statement.orelse)
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                yield from _statements([child])
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from _statements(child.body)


def _syntax(tree: ast.Module) -> str:
    return ast.unparse(_WithoutDocstrings().visit(tree))


class _WithoutDocstrings(ast.NodeTransformer):
    """Docstrings, also those of attributes, are statements that consist of nothing but a text."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
