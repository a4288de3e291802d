"""Commands of a notebook that install packages: what of them the rewritten code needs no more."""

from __future__ import annotations

import re
from dataclasses import dataclass

INSTALLS_TF1 = "it installs {name}, and the code needs TensorFlow 2.16 with Keras 3"
ASKS_FOR_TF1 = "it asks for TensorFlow 1, and the code needs TensorFlow 2.16 with Keras 3"
CLONES_MODELS = "it fetches TF-Slim code (research/slim), which is rewritten nowhere"

_INSTALL = re.compile(
    r"^\s*(?:sudo\s+(?:-\w+\s+)*)?(?:\S*python[\d.]*\s+-m\s+)?(?:pip[\d.]*|conda|mamba)\s+install\b"
)
_SEGMENTS = re.compile(r"(\s*(?:&&|;|\|\|)\s*)")
_VERSION = r"(?:\s*[=<>!~]=?=?\s*[\w.*]+(?:\s*,\s*[=<>!~]=?=?\s*[\w.*]+)*)?"
_SLIM = re.compile(
    rf"""\s+(?P<quote>["']?)(?:tf[-_]slim{_VERSION}|(?:tf[-_]slim\s*@\s*)?git\+(?:https?|ssh)://"""
    r"""(?:git@)?github\.com/(?:google-research|adrianc-a)/tf-slim(?:\.git)?(?:@[\w.]+)?"""
    r"""(?:\#egg=[\w-]+)?)(?P=quote)(?=\s|$)""",
    re.IGNORECASE,
)
_OLD = re.compile(
    r"""(?:^|\s)["']?(?P<name>tensorflow(?:[-_](?:gpu|cpu))?|tf[-_]nightly|keras)"""
    r"""(?P<version>[=<>~!].*?)?["']?(?=\s|$)""",
    re.IGNORECASE,
)
_BOUND = re.compile(r"(==|<=|<|~=|>=|>|!=|=)\s*(\d+)(?:\.(\d+))?")
_REDIRECTED = re.compile(r"(?:\d?>>?\s*\S+|\|.*)")
#: Options of pip and conda that take the next word.
_WITH_VALUE = frozenset(
    "-i --index-url --extra-index-url -f --find-links -t --target --prefix --root -c --channel "
    "-n --name --timeout --retries --proxy --progress-bar".split()
)
_CLONES = re.compile(r"\bgit\s+clone\b.*github\.com[:/]tensorflow/models(?:\.git)?(?:\s|$)")


@dataclass(frozen=True)
class Answer:
    """What becomes of a command.

    Attributes:
        command: the new one, empty where nothing is left of it.
        reason: what is wrong with the rest of it; empty where nothing is.
    """

    command: str
    reason: str = ""


def answer(command: str, uses_slim: bool) -> Answer:
    """What the rewritten code needs of a command.

    Args:
        command: of a shell, or what follows ``%`` where that is ``pip`` or another installer.
        uses_slim: whether the code still uses tf_slim.
    """
    if re.fullmatch(r"\s*tensorflow_version\s+1\b.*", command):
        return Answer(command, ASKS_FOR_TF1)
    new = command if uses_slim else _without_slim(command)
    if _CLONES.search(new):
        return Answer(new, CLONES_MODELS)
    old = next((n for part in _SEGMENTS.split(new)[::2] if (n := _installs_old(part))), "")
    return Answer(new, INSTALLS_TF1.format(name=old) if old else "")


def only_installs_slim(command: str) -> bool:
    """Whether nothing is left of a command without tf_slim."""
    return not _without_slim(command)


def _without_slim(command: str) -> str:
    parts = _SEGMENTS.split(command)
    kept: list[str] = []
    for index in range(0, len(parts), 2):
        new = _segment_without_slim(parts[index])
        if new is None:
            continue
        if kept:
            kept.append(parts[index - 1])
        kept.append(new)
    return "".join(kept)


def _segment_without_slim(segment: str) -> str | None:
    """One command without the package; None where it installs nothing else."""
    found = _INSTALL.match(segment)
    if found is None:
        return segment
    arguments = segment[found.end() :]
    new = _SLIM.sub("", arguments)
    if new == arguments:
        return segment
    return segment[: found.end()] + new if _packages(new) else None


def _packages(arguments: str) -> list[str]:
    """The words that are neither options nor their values."""
    words = _REDIRECTED.sub(" ", arguments).split()
    found, skip = [], False
    for word in words:
        if not skip and not word.startswith("-"):
            found.append(word)
        # `-r file` and `-e path` install something.
        skip = not skip and word in _WITH_VALUE
    return found


def _installs_old(segment: str) -> str:
    start = _INSTALL.match(segment)
    return old_package(segment[start.end() :]) if start is not None else ""


def old_package(requirements: str) -> str:
    """The first package of a time before Keras 3 among several, as it is written there, or "".

    >>> old_package("numpy tensorflow-gpu==1.4.0"), old_package("tensorflow>=1.4")
    ('tensorflow-gpu==1.4.0', '')
    """
    for found in _OLD.finditer(requirements):
        version = found["version"] or ""
        if _is_old(found["name"].lower().replace("_", "-"), version):
            return found["name"] + version.strip()
    return ""


def _is_old(name: str, version: str) -> bool:
    """Whether each version that fits is older than TensorFlow 2.16, or Keras 3."""
    least = (3, 0) if name == "keras" else (2, 16)
    for sign, major, minor in _BOUND.findall(version):
        given = (int(major), int(minor) if minor else None)
        if sign == "<" and (given[0], given[1] or 0) <= least:
            return True
        if sign in ("==", "=", "<=", "~=") and _below(given, least, exact=sign != "~="):
            return True
    return False


def _below(given: tuple[int, int | None], least: tuple[int, int], exact: bool) -> bool:
    major, minor = given
    if major != least[0] or minor is None:
        return major < least[0]
    return exact and minor < least[1]
