"""How many documents per second become text, in each rendering, and how much memory a large one takes.

Documents are generated ones of the shapes that people write, or all those in a file of JSON lines, plain or
gzipped: documents, comments or whole issues. Then one document of `--megabytes` of JSON is written in a
process of its own: `peak` is the memory beyond what the document takes itself.
"""

import argparse
import json
import os
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from children import measured_in_a_child, spread

RENDERINGS = ("markdown", "plain")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("documents", type=Path, nargs="?", help="JSON lines that documents are in")
    parser.add_argument(
        "--generate", type=int, default=5000, help="without a file: how many documents (%(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="how often to measure (%(default)s)")
    parser.add_argument(
        "--megabytes", type=int, default=10, help="size of the large document; 0: none (%(default)s)"
    )
    arguments = parser.parse_args()
    measured = measured_in_a_child(__file__, "many", arguments.documents, arguments.generate, arguments.runs)
    print(
        f"{measured['documents']:,} documents, {measured['nodes']:,} nodes, {measured['size']:.1f} MB of JSON"
    )
    for rendering in RENDERINGS:
        print(f"{rendering:10} {spread(measured[rendering])} documents per second")
    for rendering in RENDERINGS if arguments.megabytes else ():
        large = measured_in_a_child(__file__, "large", rendering, arguments.megabytes)
        print(
            f"{large['size']:.1f} MB at once, {rendering}: {large['seconds']:.2f} s,"
            f" {large['text']:.1f} MB of text, peak {large['peak']:.0f} MB"
            f" beyond the {large['document']:.0f} MB of the document"
        )


def _many(path: str | None, generate: int, runs: int) -> dict[str, Any]:
    from jira_assets.text.adf import to_text
    from jira_assets.text.rendering import Rendering

    documents = list(_documents_in(Path(path))) if path else _generated(generate)
    speeds: dict[str, list[float]] = {rendering: [] for rendering in RENDERINGS}
    for _ in range(runs):
        for rendering in RENDERINGS:
            started = time.perf_counter()
            for document in documents:
                to_text(document, Rendering(rendering))
            speeds[rendering].append(len(documents) / (time.perf_counter() - started))
    size = sum(len(json.dumps(document)) for document in documents) / 1e6
    nodes = sum(1 for document in documents for _ in _dictionaries(document))
    return speeds | {"documents": len(documents), "nodes": nodes, "size": size}


def _generated(number: int) -> list[Any]:
    from jira_assets.sandbox.documents import every_node_document, random_document

    rng = random.Random(1)
    usual = (random_document(rng, rng.choice((1, 1, 1, 2, 3, 5, 12))) for _ in range(number))
    # One in a hundred has everything that there is.
    return [every_node_document(rng) if rng.random() < 0.01 else document for document in usual]


def _documents_in(path: Path) -> Iterator[Any]:
    from jira_assets.sandbox.lines import read_lines

    for _, line in read_lines(path):
        yield from (part for part in _dictionaries(json.loads(line)) if part.get("type") == "doc")


def _dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack += item.values()
        elif isinstance(item, list):
            stack += item


def _large(rendering: str, megabytes: int) -> dict[str, Any]:
    from jira_assets.sandbox.documents import document, random_document
    from jira_assets.text.adf import to_text
    from jira_assets.text.rendering import Rendering

    rng, blocks, size = random.Random(1), [], 0
    while size < megabytes * 1_000_000:
        block = random_document(rng, 1)["content"][0]
        blocks.append(block)
        size += len(json.dumps(block))
    whole = document(*blocks)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    text = to_text(whole, Rendering(rendering)) or ""
    return {
        "seconds": time.perf_counter() - started,
        "size": size / 1e6,
        "text": len(text.encode()) / 1e6,
        "document": before / 1024,
        "peak": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }


if __name__ == "__main__":
    if child := os.environ.get("BENCHMARK_CHILD"):
        what, *given = json.loads(child)
        print(json.dumps(_many(*given) if what == "many" else _large(*given)))
    else:
        main()
