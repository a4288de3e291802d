"""What an interpreter has installed: files and metadata are read, nothing is imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

PROBE_SECONDS = 30

Version = tuple[int, ...]


class CannotAsk(Exception):
    """The interpreter does not run, or does not answer."""


@dataclass(frozen=True)
class Distribution:
    """An installed package."""

    name: str
    version: str
    where: str
    requires: tuple[str, ...] = ()

    @property
    def number(self) -> Version:
        return number(self.version)


@dataclass(frozen=True)
class Environment:
    """An interpreter and what it would import.

    Attributes:
        python: its version.
        chosen: why this interpreter was asked, in words.
        distributions: by normalised name.
        modules: where a module would be taken from; only those that are there.
        variables: environment variables that matter.
        keras_json: the backend that ~/.keras/keras.json names; empty without one.
    """

    executable: str
    python: Version
    system: str
    machine: str
    bits: int
    chosen: str = ""
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    keras_json: str = ""

    def version(self, *names: str) -> Version | None:
        """The version of the first of these packages that is installed."""
        found = (self.distributions.get(name) for name in names)
        return next((item.number for item in found if item is not None), None)

    @property
    def tensorflows(self) -> list[Distribution]:
        """Packages that install a folder ``tensorflow``."""
        found = (self.distributions.get(name) for name in TENSORFLOWS)
        return [item for item in found if item is not None]

    @property
    def tensorflow(self) -> Version | None:
        found = self.tensorflows
        return found[0].number if found else None

    def to_json(self) -> dict[str, Any]:
        return {
            "executable": self.executable,
            "chosen": self.chosen,
            "python": ".".join(map(str, self.python)),
            "system": self.system,
            "machine": self.machine,
            "bits": self.bits,
            "packages": {item.name: item.version for item in self.distributions.values()},
            "modules": dict(self.modules),
            "variables": dict(self.variables),
            "keras_json": self.keras_json,
        }


TENSORFLOWS = (
    "tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos",
    "intel-tensorflow", "tensorflow-rocm", "tf-nightly", "tf-nightly-cpu", "tf-nightly-gpu",
)  # fmt: skip


def number(version: str) -> Version:
    """``2.21.0rc1`` as numbers, its release alone."""
    found = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, found[1].split("."))) if found else ()


def shown(version: Version | None) -> str:
    """``2.21.0``, or that there is none."""
    return ".".join(map(str, version)) if version else "not installed"


def interpreter(asked: str | None, variables: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Which interpreter to ask, and why it is that one.

    slimport often has an environment of its own; what counts is the one that is active.
    """
    if asked:
        return asked, "--python"
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        for inside in ("bin/python", "Scripts/python.exe", "python.exe"):
            path = Path(variables.get(name, ""), inside)
            if variables.get(name) and path.is_file():
                return str(path), f"the active environment, {name}"
    return sys.executable, "the one that runs slimport"


def ask(executable: str, chosen: str = "") -> Environment:
    """Asks an interpreter, Python 2.7 or any 3, in isolation: no file of the working folder runs.

    Raises:
        CannotAsk: it does not run, or its answer is none.
    """
    source = resources.files("slimport.scan").joinpath("probe.py").read_text("utf-8")
    answer = _run(executable, ["-I", "-c", source])
    if answer is None:  # Python 2 has no -I; the probe takes the working folder away itself
        answer = _run(executable, ["-E", "-s", "-c", source])
    if answer is None:
        raise CannotAsk(f"{executable} does not answer as a Python interpreter does")
    found = [Distribution(d["name"], d["version"], d["where"], tuple(d["requires"]))
             for d in answer["distributions"]]  # fmt: skip
    return Environment(
        answer["executable"],
        tuple(answer["version"]),
        answer["system"],
        answer["machine"],
        answer["bits"],
        chosen,
        {re.sub(r"[-_.]+", "-", item.name).lower(): item for item in found},
        {name: where for name, where in answer["modules"].items() if where},
        answer["environment"],
        answer["keras_json"],
    )


def _run(executable: str, arguments: list[str]) -> dict[str, Any] | None:
    try:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [executable, *arguments], cwd=folder, capture_output=True, check=False,
                timeout=PROBE_SECONDS, stdin=subprocess.DEVNULL, env=own_variables(),
            )  # fmt: skip
        answer = json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1])
    except FileNotFoundError as error:
        raise CannotAsk(f"{executable}: no such interpreter") from error
    except OSError as error:
        raise CannotAsk(f"{executable}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CannotAsk(f"{executable} gave no answer in {PROBE_SECONDS} s") from error
    except (ValueError, IndexError):
        return None
    return answer if isinstance(answer, dict) else None


def own_variables() -> dict[str, str]:
    """This process' variables; paths are from its folder, and others run in an empty one."""
    found = dict(os.environ)
    entries = [entry for entry in found.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if entries:
        found["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, entries))
    return found
