"""Writes into each rule's examples what the rules make of them now; review the diff.

    python tools/update_examples.py

Run it after changing a rule on purpose. The tests compare, they never update.
"""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from slimport.rewrite.plan import Options
from slimport.rewrite.registry import all_rules
from slimport.rewrite.tree import rewrite_tree

RULES = Path(__file__).parents[1] / "rules"


def rewritten(source: str, training: str | None = None) -> str:
    """What becomes of a program of one file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "net.py").write_text(source, encoding="utf-8")
        result = rewrite_tree(Path(folder), Options(training=training))
    data = result.outputs.get(PurePosixPath("net.py"))
    return data.decode("utf-8") if data is not None else source


def main() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in RULES.glob("*.py")}
    for rule in all_rules():
        for example in rule.examples:
            head = f'before="""{example.before}""",\n            after="""'
            old = f'{head}{example.after}"""'
            new = f'{head}{rewritten(example.before, example.training)}"""'
            for path, text in texts.items():
                texts[path] = text.replace(old, new)
    for path, text in texts.items():
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(f"updated {path.name}")


if __name__ == "__main__":
    main()
