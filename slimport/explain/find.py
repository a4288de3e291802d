"""Which rule somebody asks for: by code, by name, by API in any spelling, by the text of a mark."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from slimport.contrib_api import moved
from slimport.explain.unknown import UNKNOWN
from slimport.index.canonical import canonical, is_slim
from slimport.rewrite.registry import all_rules, rule_for
from slimport.rewrite.rule import Refusal, Rule
from slimport.rewrite.tf1 import became
from slimport.tf1_api import is_module

_CODE = re.compile(r"\bSLIM\d{3}\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d{3}")
_COMMENT = re.compile(r"\s*\n\s*#\s*|\s+#\s+")
#: What people write for a package, and its name.
_PACKAGES = {"slim": "tf_slim", "tf": "tensorflow", "np": "numpy"}
_ROOTS = frozenset({*_PACKAGES, *_PACKAGES.values()})


@dataclass(frozen=True)
class Found:
    """An answer.

    Attributes:
        api: the canonical name, where an API was asked for.
        refusal: what a mark's text says, where one was asked for.
    """

    rule: Rule
    api: str = ""
    refusal: Refusal | None = None


def find(asked: str) -> Found | None:
    """What was asked for; None where nothing has that code or name."""
    asked = " ".join(_COMMENT.sub(" ", asked).split()).strip(".")
    if not asked:
        return None
    code = _CODE.search(asked)
    if code is not None or _NUMBER.fullmatch(asked):
        rule = _by_code(code.group() if code else f"SLIM{asked}")
        return Found(rule, refusal=_refusal(rule, asked)) if rule else None
    named = {rule.name: rule for rule in all_rules()}.get(asked.lower())
    if named is not None:
        return Found(named)
    return _by_api(asked)


def nearest(asked: str) -> list[str]:
    """Codes, names and APIs that look like it, best first."""
    codes = {rule.code: f"{rule.code} {rule.name}" for rule in everything()}
    names = {rule.name: f"{rule.code} {rule.name}" for rule in everything()}
    apis = {api: f"{api} ({rule.code})" for rule in all_rules() for api in rule.apis if "." in api}
    if _CODE.search(asked) or _NUMBER.fullmatch(asked):
        wanted = int(re.sub(r"\D", "", asked))
        return sorted(codes.values(), key=lambda code: abs(int(code[4:7]) - wanted))[:3]
    known = {**apis, **names, **codes}
    short = {name.rpartition(".")[2]: shown for name, shown in apis.items()}
    found = difflib.get_close_matches(asked, known, n=4, cutoff=0.6)
    shorter = difflib.get_close_matches(asked.rpartition(".")[2], short, n=4, cutoff=0.6)
    shown = [known[name] for name in found] + [short[name] for name in shorter]
    return list(dict.fromkeys(shown))[:4]


def everything() -> tuple[Rule, ...]:
    """All rules and SLIM999."""
    return (*all_rules(), UNKNOWN)


def _by_code(code: str) -> Rule | None:
    return next((rule for rule in everything() if rule.code == code.upper()), None)


def _by_api(asked: str) -> Found | None:
    for candidate in _spellings(asked.removesuffix("()").lstrip("@")):
        rule = rule_for(_with_a_member(candidate)) or rule_for(f"{candidate}.*")
        if rule is not None and (rule.code != "SLIM310" or _is_old(candidate)):
            return Found(rule, candidate)
    return None


def _spellings(name: str) -> list[str]:
    """The canonical name, of the name as it stands and behind each usual root."""
    root, _, rest = name.partition(".")
    if root in _ROOTS:
        full = f"{_PACKAGES.get(root, root)}.{rest}".rstrip(".")
        return [canonical(full) or full]
    found = [canonical(f"tf_slim.{name}"), canonical(f"tensorflow.{name}")]
    known = [api for api in found if api is not None and rule_for(api) is not None]
    return [*known, f"python2.{name.rpartition('.')[2]}", f"numpy.{name}"]


def _with_a_member(api: str) -> str:
    """A module of tf.contrib stands for what is in it: its first member with a place elsewhere."""
    inside = f"{api.removeprefix('tf.contrib.')}."
    members = (f"tf.contrib.{name}" for name in moved() if name.startswith(inside))
    return next(members, api) if api.startswith("tf.contrib.") else api


def _is_old(api: str) -> bool:
    """Whether TensorFlow 1 had the name: SLIM310 takes all of ``tf.*``, typing errors too."""
    name = api.removeprefix("tf.")
    return is_slim(api) or is_module(name) or became(name, None).kind != "unknown"


def _refusal(rule: Rule, text: str) -> Refusal | None:
    """The refusal whose words a mark has."""
    fitting = [refusal for refusal in rule.refuses if _pattern(refusal).search(text)]
    return max(fitting, key=lambda refusal: len(refusal.reason), default=None)


def _pattern(refusal: Refusal) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in refusal.reason.split("…")))
