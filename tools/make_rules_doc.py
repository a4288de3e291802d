"""Writes docs/rules.md and docs/rules/, the reference of all rules, from the rules themselves.

`python tools/make_rules_doc.py` writes the index and one page for each rule, and removes pages of
rules that are gone; with ``--check`` it writes nothing and exits 1 if a page is not what the rules
say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from slimport.explain.families import grouped
from slimport.explain.find import everything
from slimport.explain.markdown import Links, headline, page
from slimport.rewrite.registry import module_of
from slimport.rewrite.rule import Rule

DOCS = Path(__file__).resolve().parents[1] / "docs"
INDEX = "rules.md"

HEAD = """\
# Rules

<!-- Written by `make docs` (tools/make_rules_doc.py) from the modules in rules/: do not edit. -->

A rule takes one family of APIs. Names are canonical: `slim.conv2d` stands for
`tf.contrib.slim.conv2d`, `tf_slim.conv2d`, `tf.contrib.layers.conv2d` and every alias of them, and
`tf.pad` for `tf.compat.v1.pad` too. A name ending in `*` takes everything below it that has no rule
of its own. Every example on these pages is a test: its left side must become its right side, and
where it defines a network both sides are run and compared.

`scoped_layers` is the module that slimport writes into the migrated tree. The same pages in a
terminal:

```
slimport rules                # this list
slimport explain SLIM101      # a page of it; by name (conv2d) or API (tf.contrib.layers.conv2d) too
```
"""

NOTICE = "<!-- Written by `make docs` from {source}: do not edit. -->\n"


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Text of each page, by its path below docs/."""
    found = {INDEX: "\n".join([HEAD, *_index(rules)])}
    for rule in rules:
        found[f"rules/{rule.code}.md"] = _page(rule)
    return found


def _page(rule: Rule) -> str:
    title, _, rest = page(rule, Links(rule="{code}.md", docs="../")).partition("\n\n")
    return f"{title}\n\n{NOTICE.format(source=module_of(rule))}\n{rest}"


def _index(rules: Sequence[Rule]) -> Iterator[str]:
    for family, members in grouped(rules):
        yield f"## {family.title}\n"
        yield "| code | name | what becomes what |"
        yield "|---|---|---|"
        for rule in members:
            summary = headline(rule).removesuffix(".").replace("|", "\\|")
            yield f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {summary} |"
        yield ""


def stale_pages(found: dict[str, str]) -> list[str]:
    """Pages that are not what the rules say, and those of no rule."""
    changed = [name for name, text in found.items() if _read(DOCS / name) != text]
    there = (path.relative_to(DOCS).as_posix() for path in (DOCS / "rules").glob("*.md"))
    return sorted([*changed, *(name for name in there if name not in found)])


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main(arguments: Sequence[str]) -> int:
    """Writes or checks the pages; returns the exit status."""
    found = pages(everything())
    old = stale_pages(found)
    if "--check" in arguments:
        print(f"stale, run `make docs`: {', '.join(old)}" if old else "rules: fresh")
        return 1 if old else 0
    (DOCS / "rules").mkdir(parents=True, exist_ok=True)
    for name in old:
        if name in found:
            (DOCS / name).write_text(found[name], "utf-8")
        else:
            (DOCS / name).unlink()
    print(f"{len(found)} pages, {len(old)} of them new")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
