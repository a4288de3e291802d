"""One piece of work in a process of its own: what it costs without the start of Python.

    python -m benchmarks.rewrite_speed.work {libcst|slimport} TREE

Prints seconds of processor time. The files are read before the clock starts for libcst, which is
to its advantage.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import libcst as cst

from slimport.files.discover import discover
from slimport.rewrite.registry import all_rules
from slimport.rewrite.tree import rewrite_tree


def libcst(tree: Path) -> float:
    """libcst reads each file and writes it unchanged."""
    data = [path.read_bytes() for path in discover(tree)]
    start = time.process_time()
    for text in data:
        try:
            module = cst.parse_module(text)
        except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
            continue
        len(module.bytes)
    return time.process_time() - start


def slimport(tree: Path) -> float:
    """The whole rewrite in memory, its check included, in one process."""
    all_rules()
    start = time.process_time()
    rewrite_tree(tree, jobs=1)
    return time.process_time() - start


if __name__ == "__main__":
    print(json.dumps({"libcst": libcst, "slimport": slimport}[sys.argv[1]](Path(sys.argv[2]))))
