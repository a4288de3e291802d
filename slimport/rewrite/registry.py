"""All rules, found by looking into `slimport.rules`: adding an API means adding one file there."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from itertools import chain

from slimport.rewrite.rule import Rule

#: What marks say where no rule covers a reference.
UNKNOWN_API = "SLIM999"


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, ordered by code.

    Raises:
        ValueError: two rules share a code or an API.
    """
    # The folder `rules` beside the package, mapped to this name when it is installed.
    rules = importlib.import_module("slimport.rules")
    found: list[Rule] = []
    for info in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{info.name}")
        found.extend(value for value in vars(module).values() if isinstance(value, Rule))
    unique = {id(rule): rule for rule in found}.values()
    ordered = sorted(unique, key=lambda rule: rule.code)
    _check(ordered)
    return tuple(ordered)


def module_of(rule: Rule) -> str:
    """Path of the file that a rule is written in, as it is in the repository."""
    name = _modules().get(rule.code)
    return f"rules/{name}.py" if name else "slimport/rewrite/no_rule.py"


@cache
def _modules() -> dict[str, str]:
    rules = importlib.import_module("slimport.rules")
    found = {}
    for info in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{info.name}")
        found.update({v.code: info.name for v in vars(module).values() if isinstance(v, Rule)})
    return found


@cache
def _by_api() -> dict[str, tuple[Rule, ...]]:
    """The rules of each exact name; one that acts everywhere comes last."""
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in sorted(all_rules(), key=lambda rule: not rule.only_with):
        for api in rule.apis:
            if not api.endswith("*"):
                found[api] = (*found.get(api, ()), rule)
    return found


@cache
def _by_prefix() -> tuple[tuple[str, Rule], ...]:
    """Longest prefix first: ``tf.contrib.rnn.*`` before ``tf.*``."""
    prefixes = [
        (api.removesuffix("*"), rule)
        for rule in all_rules()
        for api in rule.apis
        if api.endswith("*")
    ]
    return tuple(sorted(prefixes, key=lambda item: -len(item[0])))


@cache
def rule_for(api: str) -> Rule | None:
    """The rule for a canonical name: the exact entry, else the longest ``prefix*``."""
    exact = _by_api().get(api)
    if exact is not None:
        return exact[-1]
    return next((rule for prefix, rule in _by_prefix() if api.startswith(prefix)), None)


@cache
def acting_rule(api: str, kinds: frozenset[str]) -> Rule | None:
    """The rule that acts in a program of these kinds: see `Rule.only_with`."""
    exact = _by_api().get(api, ())
    others = (rule for prefix, rule in _by_prefix() if api.startswith(prefix))
    acting = (r for r in chain(exact, others) if not r.only_with or r.only_with in kinds)
    return next(acting, None)


def _check(ordered: list[Rule]) -> None:
    for attribute in ("code", "name"):
        values = [getattr(rule, attribute) for rule in ordered]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise ValueError(f"several rules have the {attribute} {sorted(twice)}")
    seen: dict[tuple[str, str], Rule] = {}
    for rule in ordered:
        for api in rule.apis:
            other = seen.setdefault((api, rule.only_with), rule)
            if other is not rule:
                raise ValueError(f"{api} is taken by {other.name} and {rule.name}")
