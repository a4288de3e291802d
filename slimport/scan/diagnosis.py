"""What an environment can run, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from slimport.scan.environment import Environment, Tried, Version
from slimport.scan.failures import Failure, explain_error, failures
from slimport.scan.requirements import satisfies, unmet

#: What migrated code is tested on; pyproject.toml says the same of slimport's extras.
TENSORFLOW = (2, 18)
KERAS = (3, 6)
PYTHON = (3, 11)
#: Since these Keras has no legacy_tf_layers, which tf-slim 1.1.0 asks for (failures.toml).
_WITHOUT_LEGACY_LAYERS = (2, 13)
_BOUND_TO_PROTOBUF_3 = (2, 12)
_COMPILED_FOR_NUMPY_2 = (2, 18)


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """Something about the environment; `id` is that of an entry of failures.toml, if one fits."""

    level: Level
    title: str
    why: str = ""
    do: tuple[str, ...] = ()
    id: str = ""


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
    findings = [
        *_of_packages(environment),
        *_of_versions(environment),
        *_of_tf_slim(environment),
        *_of_settings(environment),
        *_of_folders(environment),
    ]
    order = list(Level)
    findings.sort(key=lambda finding: order.index(finding.level))
    return Diagnosis(environment, list(_abilities(environment)), findings, list(tried or ()))


def known(id: str, level: Level, title: str = "", why: str = "") -> Finding:
    """A finding with the words of an entry of failures.toml."""
    entry: Failure = next(failure for failure in failures() if failure.id == id)
    return Finding(level, title or entry.title, why or entry.why, entry.do, id)


def _text(version: Version | None) -> str:
    return ".".join(map(str, version)) if version else "not installed"


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
        return Ability(what, True, f"TensorFlow {_text(tensorflow)} has tf.contrib.slim")
    return Ability(what, False, f"TensorFlow {_text(tensorflow)} has no tf.contrib")


def _runs_tf_slim(tensorflow: Version | None, slim: Version | None) -> Ability:
    what = "legacy code on tf_slim"
    if tensorflow is None or slim is None:
        missing = "TensorFlow" if tensorflow is None else "tf-slim"
        return Ability(what, False, f"{missing} is not installed")
    if tensorflow >= _WITHOUT_LEGACY_LAYERS and slim <= (1, 1, 0):
        return Ability(what, None, "its batch_norm fails on TensorFlow 2.13 and later")
    return Ability(what, True, f"tf-slim {_text(slim)} on TensorFlow {_text(tensorflow)}")


def _runs_migrated(environment: Environment) -> Ability:
    what = "what slimport writes"
    missing = [
        f"{name} {_text(least)} or later (here: {_text(found)})"
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


def _of_packages(environment: Environment) -> Iterator[Finding]:
    """Whether there is a TensorFlow, and one alone."""
    found = environment.tensorflows
    if not found:
        yield from _no_tensorflow(environment)
    elif len({item.version for item in found}) > 1:
        names = ", ".join(f"{item.name} {item.version}" for item in found)
        yield Finding(
            Level.ERROR,
            f"several TensorFlows are installed: {names}",
            "They write the same folder tensorflow, each over the other's files.",
            ("pip uninstall all of them, then install one",),
        )
    elif "tensorflow" not in environment.modules:
        yield Finding(
            Level.ERROR,
            f"{found[0].name} {found[0].version} is registered, and its folder is missing",
            "",
            (f"pip install --force-reinstall {found[0].name}=={found[0].version}",),
        )
    where = environment.modules.get("tensorflow", "")
    if where and not found:
        yield known("tensorflow-shadowed", Level.ERROR, f"{where} is no installed TensorFlow")


def _no_tensorflow(environment: Environment) -> Iterator[Finding]:
    python = _text(environment.python)
    if environment.bits == 32:
        yield known("no-wheel-at-all", Level.ERROR, "this Python is a 32 bit one")
    elif environment.python < (3, 8):
        yield Finding(
            Level.NOTE,
            f"TensorFlow is not installed; Python {python} can have TensorFlow 1",
            "What slimport writes needs a newer Python.",
            ("to run legacy code: pip install 'tensorflow==1.15.*' 'protobuf<3.21' tf-slim",),
        )
    else:
        yield Finding(
            Level.NOTE,
            f"TensorFlow is not installed for Python {python}",
            "TensorFlow 1 has no wheels for it (3.7 is the last).",
            ("pip install 'tensorflow>=2.18' 'keras>=3.6'",),
        )


def _of_versions(environment: Environment) -> Iterator[Finding]:
    """Whether TensorFlow gets the protobuf, NumPy and Keras that it can use."""
    tensorflow = environment.tensorflow
    if tensorflow is None:
        return
    protobuf = environment.version("protobuf")
    numpy = environment.version("numpy")
    if protobuf and protobuf >= (3, 21) and tensorflow < _BOUND_TO_PROTOBUF_3:
        title = f"protobuf {_text(protobuf)} is too new for TensorFlow {_text(tensorflow)}"
        yield known("protobuf-descriptors", Level.ERROR, title)
    if numpy and numpy >= (2,) and tensorflow < _COMPILED_FOR_NUMPY_2:
        title = f"NumPy {_text(numpy)} is too new for TensorFlow {_text(tensorflow)}"
        yield known("numpy-2", Level.ERROR, title)
    elif numpy and numpy >= (1, 24):
        yield known("numpy-name", Level.NOTE, f"NumPy {_text(numpy)} has no np.int, np.float ...")
    distribution = environment.tensorflows[0]
    for found in unmet(environment, ("protobuf", "numpy", "keras", "ml-dtypes", "h5py"),
                       _key(environment, distribution.name)):  # fmt: skip
        has = f"has {found.version}" if found.version else "has none"
        yield Finding(
            Level.ERROR,
            f"{distribution.name} {distribution.version} asks for {found.name} {found.bounds}, "
            f"and {has}",
            "",
            (f"pip install '{found.name}{found.bounds.replace(' ', '')}'",),
        )
    keras = environment.version("keras", "keras-nightly")
    if keras is None and tensorflow >= (2, 16):
        yield known("no-keras", Level.ERROR, "keras is not installed beside TensorFlow")


def _key(environment: Environment, name: str) -> str:
    return next(key for key, item in environment.distributions.items() if item.name == name)


def _of_tf_slim(environment: Environment) -> Iterator[Finding]:
    tensorflow, slim = environment.tensorflow, environment.version("tf-slim")
    if tensorflow is None or tensorflow < (2,):
        return
    yield known("contrib", Level.NOTE, f"TensorFlow {_text(tensorflow)} has no tf.contrib")
    if slim is None:
        yield known("no-tf-slim", Level.NOTE)
    elif slim <= (1, 1, 0) and tensorflow >= _WITHOUT_LEGACY_LAYERS:
        title = f"slim.batch_norm of tf-slim {_text(slim)} fails on TensorFlow {_text(tensorflow)}"
        yield known("slim-private-layers", Level.WARNING, title)
    legacy = environment.version("tf-keras")
    if legacy is not None and not satisfies(legacy, f"=={tensorflow[0]}.{tensorflow[1]}.*"):
        yield Finding(
            Level.ERROR,
            f"tf-keras {_text(legacy)} does not belong to TensorFlow {_text(tensorflow)}",
            "Each release of tf-keras is made for one of TensorFlow.",
            (f"pip install 'tf-keras=={tensorflow[0]}.{tensorflow[1]}.*'",),
        )


def _of_settings(environment: Environment) -> Iterator[Finding]:
    variables = environment.variables
    backend = variables.get("KERAS_BACKEND") or environment.keras_json
    if backend and backend != "tensorflow":
        source = "KERAS_BACKEND" if variables.get("KERAS_BACKEND") else "keras.json"
        yield Finding(
            Level.WARNING,
            f"Keras runs on {backend} ({source})",
            "What slimport writes runs on TensorFlow: it keeps tf.* where keras.ops has no equal.",
            ("KERAS_BACKEND=tensorflow",),
        )
    if variables.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true"):
        if environment.version("tf-keras") is None:
            yield known("no-keras", Level.ERROR, "TF_USE_LEGACY_KERAS is set without tf-keras")
        else:
            yield Finding(
                Level.NOTE,
                "TF_USE_LEGACY_KERAS is set: tf.keras is Keras 2, keras is Keras 3",
                "Objects of one do not work in the other. What slimport writes imports keras.",
            )
    if variables.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python":
        yield known(
            "protobuf-python", Level.WARNING, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION is python"
        )


def _of_folders(environment: Environment) -> Iterator[Finding]:
    """Old folders on the path, which answer to the names of libraries."""
    modules = environment.modules
    nets = modules.get("nets")
    if nets:
        yield Finding(
            Level.NOTE,
            f"nets is {Path(nets)}: models/research/slim, or a copy of it",
            "Its files import each other from the top (nets, deployment, datasets); rewrite the "
            "whole folder, so that what calls its networks fits them.",
        )
    slim = modules.get("slim")
    if slim:
        yield Finding(
            Level.NOTE,
            f"slim is {Path(slim)}",
            "import slim gives this folder, not TF-Slim, which is tf_slim.",
        )
    detection = modules.get("object_detection")
    if detection:
        protos = modules.get("object_detection.protos")
        compiled = protos and any(Path(protos).glob("*_pb2.py"))
        if not compiled:
            yield known("detection-protos", Level.ERROR, f"{detection} has no compiled protos")
        if (environment.tensorflow or (1,)) >= (2,):
            yield known("detection-model", Level.NOTE,
                        "the Object Detection API refuses its TF-Slim models here")  # fmt: skip
