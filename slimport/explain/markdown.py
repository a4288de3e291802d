"""One rule as Markdown: its page in docs/rules/ and the text of `slimport explain`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.explain.stays import reasons
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.registry import module_of
from slimport.rewrite.rule import Example, Rule

#: As many names of APIs as a reader takes in at once.
_LONG = 12
_ARGUMENTS = r"\((?:[^()\n]|\([^()\n]*\))*\)"
#: Dotted names, calls and names with an underscore, where the text has them without backticks.
_CODE = re.compile(
    r"(?<![\w`./'\"<>=\[-])"
    rf"(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?:{_ARGUMENTS}|\.\*)?|[A-Za-z]\w*_\w+(?:{_ARGUMENTS})?"
    rf"|[A-Za-z_]\w*{_ARGUMENTS})"
    r"(?![\w`/'\"=\[(])"
)
_FILE = re.compile(r"(?<![\w`/])(?:[\w.-]+/)+[\w-]+\.(?:py|json|txt)\b")

#: Rules of whole blocks: no reference is theirs, so that none is marked. What to do, as far as a
#: page says that.
_BLOCKS = {
    "SLIM290": "docs/training-with-fit.md",
    "SLIM291": "docs/input-pipelines.md",
    "SLIM292": "docs/evaluation.md",
    "SLIM293": "docs/hand-loops.md",
    "SLIM294": "docs/distribution.md",
    "SLIM295": "docs/inference.md",
}
_NOTHING = (
    "No form of it. A name that may be something else, and a module that is passed on, stay with "
    "SLIM999."
)
_ALONE = (
    "One reference of this rule can be selected or ignored by itself, while the rest of its "
    "program is rewritten or stays: docs/ignoring.md."
)


@dataclass(frozen=True)
class Links:
    """How a page leads to others; both empty where there is nothing to follow, on a terminal.

    Attributes:
        rule: a format of the address of a rule's page, with ``{code}``.
        docs: what stands before the name of a page in docs/.
    """

    rule: str = ""
    docs: str = ""


def page(rule: Rule, links: Links = Links()) -> str:
    """The whole explanation of one rule."""
    return "\n".join(_page(rule, links)).rstrip() + "\n"


def prose(text: str, links: Links = Links()) -> str:
    """A sentence of a rule: names as code, mentioned pages and rules as links."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _marked_up(part, links) for part in parts)


def _page(rule: Rule, links: Links) -> Iterator[str]:
    yield f"# {rule.code} {rule.name}\n"
    yield f"{_plain(headline(rule))}\n"
    yield from _takes(rule)
    if rule.details:
        yield f"{prose(rule.details, links)}\n"
    if rule.alone:
        yield f"{prose(_ALONE, links)}\n"
    yield from _examples(rule)
    yield from _numbers(rule, links)
    yield from _refused(rule, links)
    yield from _source(rule, links)


def _takes(rule: Rule) -> Iterator[str]:
    names = [f"`{api}`" for api in rule.apis if "." in api]
    if not names:
        return
    if len(names) > _LONG:
        shown = ", ".join(names[:_LONG])
        yield f"**Takes** {shown} and {len(names) - _LONG} more, named [below](#source).\n"
    else:
        yield f"**Takes** {', '.join(names)}.\n"


def _examples(rule: Rule) -> Iterator[str]:
    changing = [example for example in rule.examples if not _stays(example)]
    staying = [example for example in rule.examples if _stays(example)]
    if changing:
        yield "## Before and after\n"
    for example in changing:
        if example.title:
            yield f"### {_sentence(example.title).rstrip('.')}\n"
        yield from _with_options(example)
        yield f"```python\n{example.before.strip()}\n```\n"
        yield f"becomes\n\n```python\n{example.after.strip()}\n```\n"
    if staying:
        yield "## What stays as it is\n"
    for example in staying:
        if example.title:
            yield f"{_sentence(example.title).rstrip('.')}:\n"
        yield f"```python\n{example.before.strip()}\n```\n"


def _with_options(example: Example) -> Iterator[str]:
    given = {"--target": example.target, "--training": example.training}
    options = " ".join(f"{name} {value}" for name, value in given.items() if value)
    if options:
        yield f"With `{options}`:\n"


def _numbers(rule: Rule, links: Links) -> Iterator[str]:
    compared = sum(bool(example.inputs) for example in rule.examples)
    if not (rule.numbers or compared):
        return
    yield "## Numbers\n"
    if rule.numbers:
        yield f"{prose(rule.numbers, links)}\n"
    if compared:
        which = "The example is" if compared == 1 else f"{compared} of the examples are"
        page = f"[`slimport verify`]({links.docs}verify.md)" if links.docs else "`slimport verify`"
        yield (
            f"{which} also run: {page} builds the network on both sides from the same weights "
            "and compares variables, outputs and gradients.\n"
        )


def _refused(rule: Rule, links: Links) -> Iterator[str]:
    yield "## What is refused\n"
    if isinstance(rule, MarkedRule):
        yield f"Every use: *{rule.reason}*. Way on: {prose(rule.advice, links)}.\n"
    elif rule.code in _BLOCKS:
        yield from _kept_on_sessions(rule, links)
    elif not rule.refuses:
        yield f"{prose(_NOTHING, links)}\n"
    if isinstance(rule, MarkedRule) or rule.refuses:
        yield (
            f"What is refused stays as it was, with `# TODO(slimport): {rule.code}` and the "
            "reason above its line; `slimport rewrite` then exits with 1.\n"
        )
    for refusal in rule.refuses:
        way_on = f"Way on: {prose(refusal.advice, links)}." if refusal.advice else ""
        said = [f"- *{refusal.reason}*.", prose(refusal.why, links), way_on]
        yield " ".join(filter(None, said))
    if rule.refuses:
        yield ""


def _kept_on_sessions(rule: Rule, links: Links) -> Iterator[str]:
    """What a rule of whole blocks leaves, and why."""
    said = (
        "What does not fit stays as it was, on its session, whole. The report names the reason, "
        f"and its line where there is one. What to do about it: {_BLOCKS[rule.code]}."
    )
    yield f"{prose(said, links)}\n"
    found = reasons(rule.code)
    if found:
        yield "The reasons, with … for what differs:\n"
        yield from (f"- {_plain(reason)}" for reason in found)
        yield ""


def _source(rule: Rule, links: Links) -> Iterator[str]:
    yield "## Source\n"
    yield f"`{module_of(rule)}`\n"
    names = [f"`{api}`" for api in rule.apis if "." in api]
    if len(names) > _LONG:
        yield f"All names: {', '.join(names)}.\n"


def _stays(example: Example) -> bool:
    return example.after.strip() == example.before.strip()


def headline(rule: Rule) -> str:
    """The summary as a sentence."""
    return _sentence(rule.summary).replace(" -> ", " → ")


def _sentence(text: str) -> str:
    """With a capital letter, unless it begins with a name of code."""
    first = text.partition(" ")[0]
    is_name = any(sign in first.rstrip(",.") for sign in "._@(") or not first[:1].isalpha()
    is_name = is_name or text.startswith(f"{first} ->")
    text = text if is_name else f"{text[0].upper()}{text[1:]}"
    return text if text.endswith(".") else f"{text}."


def _marked_up(text: str, links: Links) -> str:
    if links.docs:
        text = re.sub(r"docs/([\w-]+)\.md", rf"[docs/\1.md]({links.docs}\1.md)", text)
    if links.rule:
        text = re.sub(r"\bSLIM\d{3}\b", lambda code: _to_rule(code.group(), links), text)
    pieces = re.split(r"(\[[^]]*\]\([^)]*\))", text)
    return "".join(piece if piece.startswith("[") else _names(piece) for piece in pieces)


def _names(text: str) -> str:
    text = _FILE.sub(lambda found: f"`{found.group()}`", text)
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else _CODE.sub(lambda found: f"`{found.group()}`", part)
        for part in parts
    )


def _plain(text: str) -> str:
    """Text in which nothing means emphasis."""
    return text.replace("*", "\\*").replace("|", "\\|")


def _to_rule(code: str, links: Links) -> str:
    return f"[{code}]({links.rule.format(code=code)})"
