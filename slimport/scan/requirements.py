"""Requirements of installed packages, as far as versions go: ``numpy<2.0,>=1.23``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from slimport.scan.environment import Environment, Version, number

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?(?P<bounds>[^;)]*)\)?")
_BOUND = re.compile(r"(==|!=|<=|>=|~=|<|>)\s*([\w.*+!-]+)")
_OF_PYTHON = re.compile(r"python_version\s*(==|!=|<=|>=|<|>)\s*['\"]([\d.]+)['\"]")


@dataclass(frozen=True)
class Unmet:
    """A requirement that the installed version does not meet; `version` is None without one."""

    by: str
    name: str
    bounds: str
    version: str | None


def unmet(environment: Environment, names: tuple[str, ...], of: str) -> list[Unmet]:
    """What the package `of` asks of the packages `names`, and does not get."""
    found = environment.distributions.get(of)
    result = []
    for requirement in found.requires if found is not None else ():
        match = _REQUIREMENT.match(requirement)
        name = re.sub(r"[-_.]+", "-", match["name"]).lower() if match else ""
        if match is None or name not in names or not _applies(requirement, environment.python):
            continue
        bounds = match["bounds"].strip()
        present = environment.distributions.get(name)
        if present is None or not satisfies(present.number, bounds):
            version = present.version if present else None
            result.append(Unmet(of, name, bounds, version))
    return result


def satisfies(version: Version, bounds: str) -> bool:
    """Whether a release lies within all bounds.

    >>> satisfies((1, 26, 4), "<2.0.0,>=1.23.5"), satisfies((2, 0), "<2.0.0")
    (True, False)
    """
    return all(_holds(version, operator, bound) for operator, bound in _BOUND.findall(bounds))


def _holds(version: Version, operator: str, bound: str) -> bool:
    if bound.endswith(".*"):
        prefix = number(bound)
        same = version[: len(prefix)] == prefix
        return same if operator == "==" else not same
    right = number(bound)
    width = max(len(version), len(right))
    left = (*version, *(0,) * (width - len(version)))
    padded = (*right, *(0,) * (width - len(right)))
    if operator == "~=":
        return left >= padded and left[: len(right) - 1] == right[:-1]
    return {
        "==": left == padded, "!=": left != padded, "<": left < padded, "<=": left <= padded,
        ">": left > padded, ">=": left >= padded,
    }[operator]  # fmt: skip


def _applies(requirement: str, python: Version) -> bool:
    """Whether a requirement's marker holds; markers of other kinds are taken not to."""
    _, _, marker = requirement.partition(";")
    if not marker.strip():
        return True
    bounds = _OF_PYTHON.findall(marker)
    rest = _OF_PYTHON.sub("", marker).replace("and", "").strip(" ()")
    return not rest and all(_holds(python[:2], operator, bound) for operator, bound in bounds)
