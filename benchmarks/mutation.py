"""Whether the tests notice when the code is wrong: a sample of mutants, each with the tests of its module.

A mutant has one guard taken away: a statement that does nothing any more, a condition that always or never
holds, a comparison that is off by one, an operand that does not count. `[tool.mutation]` in pyproject.toml
says which modules have them and which tests are to notice. The same seed gives the same sample.

Exits with 1 if fewer than `--at-least` percent were noticed, and shows those that were not.

Left as it is what nobody promises: what is logged, how a class is declared (its decorators and options), and
a module's own numbers, `_TRIES = 3` or `_WAIT = timedelta(seconds=1)`, which are sizes and waits that another
value of would do as well. What others rely on has a public name, and its number is changed too.

The libraries for this, mutmut 3.8 and cosmic-ray 8.7, remove no statement, which is how a guard gets lost.
"""

import argparse
import ast
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = os.environ.get("JIRA_TEST_DATA", REPOSITORY.parent / "shared" / "data")
_COPIED = (
    "jira_assets",
    "jira_assets_tests",
    "benchmarks",
    "docs",
    "pyproject.toml",
    "Makefile",
    "README.md",
)
_LOGS = ("log", "_log", "logger")
_OWN_NUMBER = re.compile(r"_[A-Z][A-Z0-9_]*")
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_SWAPPED_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
# A failure is enough: Hypothesis needn't look for the smallest, nor for other examples than last time.
_RUN_TESTS = """
import sys, pytest

class Profile:
    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self):
        from hypothesis import Phase, settings
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutation", phases=phases, database=None, derandomize=True)
        settings.load_profile("mutation")

options = ["-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-o", "addopts=", "--timeout=60"]
sys.exit(pytest.main([*options, *sys.argv[1:]], plugins=[Profile()]))
"""


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed."""

    module: str
    line: int
    before: str
    after: str

    @property
    def diff(self) -> str:
        """What was changed, without comments, as Python writes it."""
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=2)
        return "\n".join([f"{self.module}:{self.line}", *list(lines)[2:]])


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines as far as they have one."""
    tree = ast.parse(source)
    before = ast.unparse(tree)
    left = {id(each) for skipped in _left_as_they_are(tree) for each in ast.walk(skipped)}
    for parent in ast.walk(tree):
        if id(parent) in left:
            continue
        for name, value in ast.iter_fields(parent):
            for place, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(node, ast.AST) or id(node) in left:
                    continue
                for other in _others(node):
                    _put(parent, name, place, other)
                    line = getattr(node, "lineno", getattr(parent, "lineno", 0))
                    yield Mutant(module, line, before, ast.unparse(tree))
                    _put(parent, name, place, node)
        if isinstance(parent, ast.comprehension):
            for condition in list(parent.ifs):
                kept = parent.ifs
                parent.ifs = [each for each in kept if each is not condition]
                yield Mutant(module, condition.lineno, before, ast.unparse(tree))
                parent.ifs = kept


def _left_as_they_are(tree: ast.Module) -> Iterator[ast.AST]:
    """What is not changed, nor anything in it: the module's own numbers, annotations, options of classes."""
    yield from filter(_is_own_number, tree.body)
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(decorator_list=decorators, keywords=options):
                yield from (*decorators, *options)
            case ast.FunctionDef(decorator_list=decorators, returns=returns):
                yield from (*decorators, *filter(None, [returns]))
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation):
                yield annotation


def _is_own_number(statement: ast.stmt) -> bool:
    """Whether it names a number for its module alone, as `_TRIES = 3` and `_WAIT = timedelta(seconds=1)`."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _OWN_NUMBER.fullmatch(name) is not None and _is_number(value)
    return False


def _is_number(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=int() | float()):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case ast.Call(func=ast.Name(), args=[], keywords=keywords):
            return all(_is_number(each.value) for each in keywords)
    return False


def _put(parent: ast.AST, name: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[place] = node


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    yield from _statements(node) if isinstance(node, ast.stmt) else _expressions(node)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name)))):
            if name not in _LOGS:
                yield ast.Pass()
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.If(test=test, body=body, orelse=orelse):
            for always in (True, False):
                yield ast.If(ast.Constant(always), body, orelse)
            if isinstance(test, ast.BoolOp):
                yield from (ast.If(each, body, orelse) for each in _shorter(test))
        case ast.Return(value=ast.BoolOp() as value):
            yield from map(ast.Return, _shorter(value))


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.Name(id=name) if name in _SWAPPED_NAMES:
            yield ast.Name(_SWAPPED_NAMES[name])
        case _ if type(node) in _SWAPPED:
            yield _SWAPPED[type(node)]()


def _shorter(operands: ast.BoolOp) -> Iterator[ast.expr]:
    for each in operands.values:
        kept = [other for other in operands.values if other is not each]
        yield kept[0] if len(kept) == 1 else ast.BoolOp(operands.op, kept)


class Trials:
    """Copies of the checkout in which mutants are tried, as many at once as there are copies."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copy = folder / str(number)
            for name in _COPIED:
                origin = REPOSITORY / name
                if origin.is_dir():
                    shutil.copytree(origin, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(origin, copy / name)
            self._free.put(copy)

    def failure(self, tests: Sequence[str], seconds: float, mutant: Mutant | None = None) -> str | None:
        """How these tests fail, with the mutant in its module's place; None if they pass in time."""
        copy = self._free.get()
        try:
            if mutant is None:
                return self._run(copy, tests, seconds)
            file = copy / mutant.module
            original = file.read_bytes()
            file.write_text(mutant.after)
            try:
                return self._run(copy, tests, seconds)
            finally:
                file.write_bytes(original)
        finally:
            self._free.put(copy)

    def _run(self, copy: Path, tests: Sequence[str], seconds: float) -> str | None:
        # No bytecode: it is told from that of another mutant by a time in whole seconds and a size.
        own = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "JIRA_TEST_DATA": str(SHARED)}
        command = [sys.executable, "-c", _RUN_TESTS, *tests]
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                command, cwd=copy, env=os.environ | own, stdout=output, stderr=output, start_new_session=True
            )
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                return f"not finished within {seconds:.0f} s"
            finally:
                _end(process)
            output.seek(0)
            return output.read().decode(errors="replace")[-3000:] if code else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """A test may have processes of its own, which a mutant may have left running."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=200, help="how many mutants (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (%(default)s)")
    parser.add_argument("--only", default="", help="of modules with this in their path")
    parser.add_argument("--at-least", type=float, default=90, help="percent to be noticed (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (%(default)s)")
    arguments = parser.parse_args()

    started = time.monotonic()
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["mutation"]
    tests: dict[str, list[str]] = {
        module: noticing for module, noticing in settings["tests"].items() if arguments.only in module
    }
    every = [mutant for module in tests for mutant in mutants(module, (REPOSITORY / module).read_text())]
    sample = random.Random(arguments.seed).sample(every, min(arguments.sample, len(every)))
    print(f"{len(sample)} of {len(every)} mutants of {len(tests)} modules, {arguments.jobs} at once")
    with (
        tempfile.TemporaryDirectory(prefix="mutation-") as folder,
        ThreadPoolExecutor(arguments.jobs) as pool,
    ):
        trials = Trials(Path(folder), arguments.jobs)
        needed = sorted({tuple(tests[mutant.module]) for mutant in sample})
        for why in pool.map(lambda each: trials.failure(each, 600), needed):
            if why is not None:
                sys.exit(f"These fail without any mutant:\n{why}")
        print(f"{time.monotonic() - started:.0f} s for the tests without a mutant")

        def survives(mutant: Mutant) -> bool:
            return trials.failure(tests[mutant.module], settings["seconds"], mutant) is None

        survivors = []
        for mutant, survived in zip(sample, pool.map(survives, sample), strict=True):
            if survived:
                survivors.append(mutant)
                print(f"\n{mutant.diff}", flush=True)
    of_modules = Counter(mutant.module for mutant in sample)
    left = Counter(mutant.module for mutant in survivors)
    print()
    for module, count in sorted(of_modules.items()):
        print(f"{count - left[module]:4} of {count:4} noticed  {module}")
    share = 100 * (1 - len(survivors) / len(sample))
    print(f"{share:.1f} % noticed, {time.monotonic() - started:.0f} s")
    sys.exit(share < arguments.at_least)


if __name__ == "__main__":
    main()
