"""Error messages that are known: what is behind one, and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Failure:
    """One entry of failures.toml; the file explains its keys."""

    id: str
    title: str
    patterns: tuple[str, ...]
    why: str
    do: tuple[str, ...]
    examples: tuple[str, ...] = ()
    namespace: str = ""
    made_by: str = ""
    measured: str = ""

    def matches(self, line: str) -> re.Match[str] | None:
        found = (re.search(pattern, line) for pattern in self.patterns)
        return next((match for match in found if match is not None), None)


@dataclass(frozen=True)
class Answer:
    """What is known of a message.

    Attributes:
        line: the line of the message that was recognised.
        about: what is known of the very name in it; empty where it names none.
        rule: the code of the rule that takes it.
    """

    failure: Failure
    line: str
    about: str = ""
    rule: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.failure.id,
            "title": self.failure.title,
            "line": self.line,
            "why": self.failure.why,
            "about": self.about,
            "rule": self.rule,
            "do": list(self.failure.do),
        }


#: As many lines of a log are looked at, from its end.
_LAST = 3_000


@cache
def failures() -> tuple[Failure, ...]:
    """All entries, in the order in which they are asked."""
    text = resources.files("slimport.scan").joinpath("failures.toml").read_text("utf-8")
    return tuple(_failure(entry) for entry in tomllib.loads(text)["failure"])


def _failure(entry: Mapping[str, Any]) -> Failure:
    """An entry, with lists as tuples and each text as one line; code stays as it is."""
    return Failure(**{key: _value(key, value) for key, value in entry.items()})


def _value(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return value if key == "made_by" else " ".join(value.split())


def explain_error(text: str) -> list[Answer]:
    """What is known of a message, or of each error in a log; the last error first."""
    found: dict[str, Answer] = {}
    for line in reversed(text.splitlines()[-_LAST:]):
        answer = _answer(line.strip())
        if answer is not None and answer.failure.id not in found:
            found[answer.failure.id] = answer
    return list(found.values())


def _answer(line: str) -> Answer | None:
    if not line or _is_code(line):
        return None
    for failure in failures():
        match = failure.matches(line)
        if match is not None:
            about, rule = _about(failure, match)
            return Answer(failure, line, about, rule)
    return None


def _is_code(line: str) -> bool:
    """Whether a line of a traceback only says where it was."""
    return re.match(r'File "[^"]*", line \d+', line) is not None


def _about(failure: Failure, match: re.Match[str]) -> tuple[str, str]:
    """What the rules know of the name in a message, and the code of the rule."""
    groups = match.groupdict()
    name = ".".join(part for part in (groups.get("module"), groups.get("name")) if part)
    if not failure.namespace or not name:
        return "", ""
    return _known(f"{failure.namespace}.{name}")


def _known(api: str) -> tuple[str, str]:
    from slimport.index.canonical import canonical, is_namespace, is_slim

    if api.startswith("tf.contrib."):
        name = canonical(api.replace("tf.", "tensorflow.", 1)) or api
        return ("", "") if is_slim(name) and is_namespace(name) and "slim" in name else _ruled(name)
    if api.startswith("tf."):
        return _of_tensorflow(api)
    return _ruled(api)


def _of_tensorflow(api: str) -> tuple[str, str]:
    """Where a name that TensorFlow does not have is now, if it ever was one."""
    from slimport.rewrite.tf1 import became
    from slimport.tf1_api import BEFORE_1, is_module, only_in_tf2

    name = api.removeprefix("tf.")
    if name in BEFORE_1:
        return f"{api} became tf.{BEFORE_1[name]} in TensorFlow 1.0", ""
    if is_module(name):
        return f"what is in {api} has new places, or is in tf.compat.v1.{name}", ""
    kind = became(name, None).kind
    if kind == "same" or name in only_in_tf2():
        return f"TensorFlow 2 has {api}: the installed one is older, or is not TensorFlow", ""
    if kind == "unknown":
        return f"TensorFlow 1 has no {api} either: look at its spelling", ""
    return _ruled(api)


def _ruled(api: str) -> tuple[str, str]:
    """What the rule says that takes an API, or the modules around it."""
    from slimport.explain.answers import answer
    from slimport.explain.find import find

    found = next((found for found in map(find, _outwards(api)) if found is not None), None)
    if found is None:
        return "", ""
    said = answer(found).replace("`", "")
    return said or f"{found.rule.code} {found.rule.name}: {found.rule.summary}", found.rule.code


def _outwards(api: str) -> Iterator[str]:
    """``tf.contrib.rnn.GRUCell``, then ``tf.contrib.rnn``."""
    parts = api.split(".")
    for count in range(len(parts), 2 if api.startswith("tf.contrib.") else 1, -1):
        yield ".".join(parts[:count])
