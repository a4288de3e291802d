"""What an environment can run, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from slimport.scan.environment import Environment, Version, shown
from slimport.scan.failures import explain_error
from slimport.scan.findings import WITHOUT_LEGACY_LAYERS, Finding, findings
from slimport.scan.imports import Tried

#: What migrated code is tested on; pyproject.toml says the same of slimport's extras.
TENSORFLOW = (2, 18)
KERAS = (3, 6)
PYTHON = (3, 11)


@dataclass(frozen=True)
class Ability:
    """Whether the environment can do something; None: in part."""

    what: str
    able: bool | None
    why: str


@dataclass
class Diagnosis:
    """All that is said of an environment."""

    environment: Environment
    abilities: list[Ability] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            **self.environment.to_json(),
            "abilities": [asdict(ability) for ability in self.abilities],
            "findings": [asdict(finding) for finding in self.findings],
            "imports": [
                {"what": tried.what, "error": tried.error,
                 "known_as": [answer.failure.id for answer in explain_error(tried.error)]}
                for tried in self.tried
            ],
        }  # fmt: skip


def diagnose(environment: Environment, tried: list[Tried] | None = None) -> Diagnosis:
    """Looks at an environment, and at what came of imports if they were tried."""
    abilities = list(_abilities(environment))
    return Diagnosis(environment, abilities, findings(environment), list(tried or ()))


def _abilities(environment: Environment) -> Iterator[Ability]:
    tensorflow, slim = environment.tensorflow, environment.version("tf-slim")
    yield _runs_contrib(tensorflow)
    yield _runs_tf_slim(tensorflow, slim)
    yield _runs_migrated(environment)


def _runs_contrib(tensorflow: Version | None) -> Ability:
    what = "legacy code on tf.contrib"
    if tensorflow is None:
        return Ability(what, False, "TensorFlow is not installed")
    if tensorflow < (2,):
        return Ability(what, True, f"TensorFlow {shown(tensorflow)} has tf.contrib.slim")
    return Ability(what, False, f"TensorFlow {shown(tensorflow)} has no tf.contrib")


def _runs_tf_slim(tensorflow: Version | None, slim: Version | None) -> Ability:
    what = "legacy code on tf_slim"
    if tensorflow is None or slim is None:
        missing = "TensorFlow" if tensorflow is None else "tf-slim"
        return Ability(what, False, f"{missing} is not installed")
    if tensorflow >= WITHOUT_LEGACY_LAYERS and slim <= (1, 1, 0):
        return Ability(what, None, "its batch_norm fails on TensorFlow 2.13 and later")
    return Ability(what, True, f"tf-slim {shown(slim)} on TensorFlow {shown(tensorflow)}")


def _runs_migrated(environment: Environment) -> Ability:
    what = "what slimport writes"
    missing = [
        f"{name} {shown(least)} or later (here: {shown(found)})"
        for name, found, least in (
            ("Python", environment.python, PYTHON),
            ("TensorFlow", environment.tensorflow, TENSORFLOW),
            ("Keras", environment.version("keras", "keras-nightly"), KERAS),
        )
        if found is None or found < least
    ]
    backend = environment.variables.get("KERAS_BACKEND") or environment.keras_json or "tensorflow"
    if backend != "tensorflow":
        missing.append(f"Keras on TensorFlow (here: {backend})")
    if missing:
        return Ability(what, False, "it needs " + ", ".join(missing))
    return Ability(what, True, "Keras 3 on TensorFlow")
