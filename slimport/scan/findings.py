"""What is wrong with an environment: packages, versions, settings and old folders on the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from slimport.scan.environment import Environment, shown
from slimport.scan.failures import failures
from slimport.scan.requirements import satisfies, unmet

#: Since these Keras has no legacy_tf_layers, which tf-slim 1.1.0 asks for (failures.toml).
WITHOUT_LEGACY_LAYERS = (2, 13)
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


def findings(environment: Environment) -> list[Finding]:
    """All of them, errors first."""
    found = [
        *_of_packages(environment),
        *_of_versions(environment),
        *_of_tf_slim(environment),
        *_of_settings(environment),
        *_of_folders(environment),
    ]
    order = list(Level)
    return sorted(found, key=lambda finding: order.index(finding.level))


def _known(name: str, level: Level, title: str = "") -> Finding:
    """A finding with the words of an entry of failures.toml."""
    entry = next(failure for failure in failures() if failure.id == name)
    return Finding(level, title or entry.title, entry.why, entry.do, name)


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
        yield _known("tensorflow-shadowed", Level.ERROR, f"{where} is no installed TensorFlow")


def _no_tensorflow(environment: Environment) -> Iterator[Finding]:
    python = shown(environment.python)
    if environment.bits == 32:
        yield _known("no-wheel-at-all", Level.ERROR, "this Python is a 32 bit one")
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
        title = f"protobuf {shown(protobuf)} is too new for TensorFlow {shown(tensorflow)}"
        yield _known("protobuf-descriptors", Level.ERROR, title)
    if numpy and numpy >= (2,) and tensorflow < _COMPILED_FOR_NUMPY_2:
        title = f"NumPy {shown(numpy)} is too new for TensorFlow {shown(tensorflow)}"
        yield _known("numpy-2", Level.ERROR, title)
    elif numpy and numpy >= (1, 24):
        yield _known("numpy-name", Level.NOTE, f"NumPy {shown(numpy)} has no np.int, np.float ...")
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
        yield _known("no-keras", Level.ERROR, "keras is not installed beside TensorFlow")


def _key(environment: Environment, name: str) -> str:
    return next(key for key, item in environment.distributions.items() if item.name == name)


def _of_tf_slim(environment: Environment) -> Iterator[Finding]:
    tensorflow, slim = environment.tensorflow, environment.version("tf-slim")
    if tensorflow is None or tensorflow < (2,):
        return
    yield _known("contrib", Level.NOTE, f"TensorFlow {shown(tensorflow)} has no tf.contrib")
    if slim is None:
        yield _known("no-tf-slim", Level.NOTE)
    elif slim <= (1, 1, 0) and tensorflow >= WITHOUT_LEGACY_LAYERS:
        title = f"slim.batch_norm of tf-slim {shown(slim)} fails on TensorFlow {shown(tensorflow)}"
        yield _known("slim-private-layers", Level.WARNING, title)
    legacy = environment.version("tf-keras")
    if legacy is not None and not satisfies(legacy, f"=={tensorflow[0]}.{tensorflow[1]}.*"):
        yield Finding(
            Level.ERROR,
            f"tf-keras {shown(legacy)} does not belong to TensorFlow {shown(tensorflow)}",
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
            yield _known("no-keras", Level.ERROR, "TF_USE_LEGACY_KERAS is set without tf-keras")
        else:
            yield Finding(
                Level.NOTE,
                "TF_USE_LEGACY_KERAS is set: tf.keras is Keras 2, keras is Keras 3",
                "Objects of one do not work in the other. What slimport writes imports keras.",
            )
    if variables.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python":
        yield _known(
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
            yield _known("detection-protos", Level.ERROR, f"{detection} has no compiled protos")
        if (environment.tensorflow or (1,)) >= (2,):
            yield _known("detection-model", Level.NOTE,
                        "the Object Detection API refuses its TF-Slim models here")  # fmt: skip
