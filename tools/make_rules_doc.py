"""Writes docs/rules.md, the reference of all rules, from the rules themselves.

`python tools/make_rules_doc.py` writes it; with ``--check`` it writes nothing and exits 1 if the
page is not what the rules say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from slimport.rewrite.registry import all_rules
from slimport.rewrite.rule import Example, Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"

HEAD = """\
# Rules

<!-- Written by `make docs` (tools/make_rules_doc.py) from the modules in rules/: do not edit. -->

A rule takes one family of APIs. Names are canonical: `slim.conv2d` stands for
`tf.contrib.slim.conv2d`, `tf_slim.conv2d`, `tf.contrib.layers.conv2d` and every alias of them, and
`tf.pad` for `tf.compat.v1.pad` too. A name ending in `*` takes everything below it that has no rule
of its own. Every example is a test: its left side must become its right side, and where it defines
a network both sides are run and compared.

`scoped_layers` is the module that slimport writes into the migrated tree.
"""

#: Rules that mark only: there is nothing to show of what they write.
MARKS = "These references stay, marked `# TODO(slimport): {code}`, and `slimport rewrite` exits 1."


def page(rules: Sequence[Rule]) -> str:
    """The whole page."""
    return "\n".join([HEAD, *_index(rules), *_sections(rules)])


def _index(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| code | name | what becomes what |"
    yield "|---|---|---|"
    for rule in rules:
        yield f"| [{rule.code}](#{_anchor(rule)}) | {rule.name} | {_cell(rule.summary)} |"
    yield ""


def _sections(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        yield f"## {rule.code} {rule.name}\n"
        yield f"{rule.summary.rstrip('.')}.\n"
        yield f"Takes {', '.join(f'`{api}`' for api in rule.apis)}.\n"
        if rule.details:
            yield f"{rule.details}\n"
        yield from _advice(rule)
        for example in rule.examples:
            yield from _example(example)


def _advice(rule: Rule) -> Iterator[str]:
    reason, advice = getattr(rule, "reason", ""), getattr(rule, "advice", "")
    if reason:
        yield f"{MARKS.format(code=rule.code)} Reason: {reason}. Way on: {advice}.\n"


def _example(example: Example) -> Iterator[str]:
    if example.title:
        yield f"{example.title[0].upper()}{example.title[1:]}:\n"
    yield f"```python\n{example.before.strip()}\n```\n"
    if example.after.strip() == example.before.strip():
        yield "stays as it is.\n"
        return
    yield f"becomes\n\n```python\n{example.after.strip()}\n```\n"


def _anchor(rule: Rule) -> str:
    return f"{rule.code} {rule.name}".lower().replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Writes or checks the page; returns the exit status."""
    text = page(all_rules())
    if "--check" in arguments:
        fresh = PAGE.exists() and PAGE.read_text("utf-8") == text
        print(f"{PAGE.name} is {'fresh' if fresh else 'stale: run `make docs`'}")
        return 0 if fresh else 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, "utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
