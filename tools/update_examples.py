"""Writes into each rule's examples what the rules make of them now; review the diff.

    python tools/update_examples.py

Run it after changing a rule on purpose. The tests compare, they never update.
"""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from slimport.rewrite.plan import Options
from slimport.rewrite.registry import all_rules
from slimport.rewrite.rule import Example
from slimport.rewrite.tree import rewrite_tree

RULES = Path(__file__).parents[1] / "rules"


def rewritten(example: Example) -> str:
    """What becomes of an example."""
    options = Options(target=example.target, training=example.training)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "net.py").write_text(example.before, encoding="utf-8")
        result = rewrite_tree(Path(folder), options)
    data = result.outputs.get(PurePosixPath("net.py"))
    return data.decode("utf-8") if data is not None else example.before


def main() -> None:
    found = {
        _part(example, example.after): _part(example, rewritten(example))
        for rule in all_rules()
        for example in rule.examples
    }
    for path in RULES.glob("*.py"):
        text = before = path.read_text(encoding="utf-8")  # somebody may have edited it meanwhile
        for old, new in found.items():
            text = text.replace(old, new)
        if text != before:
            path.write_text(text, encoding="utf-8")
            print(f"updated {path.name}")


def _part(example: Example, after: str) -> str:
    """An example as it stands in its rule's file."""
    return f'before="""{example.before}""",\n            after="""{after}"""'


if __name__ == "__main__":
    main()
