"""Interpreters are asked without importing anything, and their state is judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slimport.scan.diagnosis import Diagnosis, diagnose
from slimport.scan.environment import (
    CannotAsk,
    Distribution,
    Environment,
    ask,
    interpreter,
    number,
)
from slimport.scan.findings import Level
from slimport.scan.imports import Tried
from slimport.scan.requirements import satisfies, unmet


def environment(python: str = "3.11.7", bits: int = 64, modules: dict[str, str] | None = None,
                variables: dict[str, str] | None = None, keras_json: str = "",
                requires: dict[str, tuple[str, ...]] | None = None,
                **packages: str) -> Environment:  # fmt: skip
    """An environment that is not there."""
    wanted = requires or {}
    found = {
        name.replace("_", "-"): Distribution(
            name.replace("_", "-"), version, "/site", wanted.get(name, ())
        )
        for name, version in packages.items()
    }
    present = {"tensorflow": "/site/tensorflow"} if "tensorflow" in packages else {}
    return Environment(
        "/bin/python", number(python), "Linux", "x86_64", bits, "", found,
        present | (modules or {}), variables or {}, keras_json,
    )  # fmt: skip


def ids(diagnosis: Diagnosis, level: Level | None = None) -> set[str]:
    return {f.id for f in diagnosis.findings if level is None or f.level is level}


def able(diagnosis: Diagnosis) -> list[bool | None]:
    return [ability.able for ability in diagnosis.abilities]


def test_today() -> None:
    today = diagnose(environment(tensorflow="2.21.0", keras="3.15.1", numpy="2.4.6",
                                 tf_slim="1.1.0", tf_keras="2.21.0"))  # fmt: skip
    assert able(today) == [False, None, True]
    assert ids(today, Level.ERROR) == set()
    assert ids(today, Level.WARNING) == {"slim-private-layers"}
    assert ids(today, Level.NOTE) == {"contrib", "numpy-name"}


def test_tensorflow_1() -> None:
    old = diagnose(environment("3.7.16", tensorflow="1.15.5", tf_slim="1.1.0", numpy="1.18.5",
                               protobuf="3.20.3"))  # fmt: skip
    assert able(old) == [True, True, False]
    assert old.findings == []
    assert "Keras 3.6 or later (here: not installed)" in old.abilities[2].why


@pytest.mark.parametrize(
    ("version", "able_to"), [("2.8.0", True), ("2.12.1", True), ("2.14.1", None), ("2.15.1", None)]
)
def test_where_tf_slim_works(version: str, able_to: bool | None) -> None:
    found = diagnose(environment(tensorflow=version, tf_slim="1.1.0"))
    assert able(found)[1] is able_to
    assert ("slim-private-layers" in ids(found)) is (able_to is None)


def test_protobuf_that_refuses_old_code() -> None:
    broken = diagnose(environment("3.8.18", tensorflow="2.8.0", protobuf="5.29.6"))
    assert ids(broken, Level.ERROR) == {"protobuf-descriptors"}
    right = diagnose(environment("3.8.18", tensorflow="2.8.0", protobuf="3.20.3"))
    assert ids(right, Level.ERROR) == set()


def test_numpy_2_under_an_old_tensorflow() -> None:
    assert "numpy-2" in ids(diagnose(environment(tensorflow="2.10.0", numpy="2.0.1")), Level.ERROR)
    assert "numpy-2" not in ids(diagnose(environment(tensorflow="2.18.0", numpy="2.0.1")))


def test_requirements_of_tensorflow_itself() -> None:
    found = diagnose(environment(
        tensorflow="2.15.1", numpy="2.1.0",
        requires={"tensorflow": ("numpy <2.0.0,>=1.23.5", "h5py >=2.9.0; extra == 'x'")},
    ))  # fmt: skip
    titles = [finding.title for finding in found.findings if finding.level is Level.ERROR]
    assert "tensorflow 2.15.1 asks for numpy <2.0.0,>=1.23.5, and has 2.1.0" in titles


def test_several_tensorflows() -> None:
    both = environment(tensorflow="2.21.0", tensorflow_cpu="2.8.0", keras="3.15.1")
    (error,) = (f for f in diagnose(both).findings if f.level is Level.ERROR)
    assert (
        error.title == "several TensorFlows are installed: tensorflow 2.21.0, tensorflow-cpu 2.8.0"
    )


def test_a_folder_in_the_place_of_tensorflow() -> None:
    shadow = diagnose(environment(modules={"tensorflow": "/home/me/tensorflow.py"}))
    assert "tensorflow-shadowed" in ids(shadow, Level.ERROR)


def test_a_tensorflow_without_files() -> None:
    broken = environment(tensorflow_cpu="2.21.0", keras="3.15.1")
    titles = [finding.title for finding in diagnose(broken).findings]
    assert "tensorflow-cpu 2.21.0 is registered, and its folder is missing" in titles


@pytest.mark.parametrize(
    ("python", "bits", "text"),
    [("3.12.1", 64, "TensorFlow 1 has no wheels"), ("3.7.16", 64, "needs a newer Python"),
     ("3.12.1", 32, "32 bit")],
)  # fmt: skip
def test_no_tensorflow(python: str, bits: int, text: str) -> None:
    found = diagnose(environment(python, bits))
    assert able(found) == [False, False, False]
    assert any(text in finding.title + finding.why for finding in found.findings)


def test_settings() -> None:
    found = environment(
        tensorflow="2.21.0", keras="3.15.1",
        variables={"KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1",
                   "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
    )  # fmt: skip
    diagnosis = diagnose(found)
    assert {"no-keras", "protobuf-python"} <= ids(diagnosis)
    assert able(diagnosis)[2] is False
    assert any(f.title == "Keras runs on torch (KERAS_BACKEND)" for f in diagnosis.findings)


def test_the_backend_of_keras_json() -> None:
    found = diagnose(environment(tensorflow="2.21.0", keras="3.15.1", keras_json="jax"))
    assert found.abilities[2].why == "it needs Keras on TensorFlow (here: jax)"


def test_tf_keras_of_another_release() -> None:
    found = environment(tensorflow="2.21.0", keras="3.15.1", tf_keras="2.18.0")
    titles = [f.title for f in diagnose(found).findings if f.level is Level.ERROR]
    assert titles == ["tf-keras 2.18.0 does not belong to TensorFlow 2.21.0"]


def test_old_folders_on_the_path(tmp_path: Path) -> None:
    protos = tmp_path / "object_detection/protos"
    protos.mkdir(parents=True)
    modules = {
        "slim": "/models/research/slim",
        "nets": "/models/research/slim/nets",
        "object_detection": str(protos.parent),
        "object_detection.protos": str(protos),
    }
    found = environment(tensorflow="2.21.0", keras="3.15.1", modules=modules)
    assert {"detection-protos", "detection-model"} <= ids(diagnose(found))
    (protos / "pipeline_pb2.py").touch()
    assert "detection-protos" not in ids(diagnose(found))
    titles = " ".join(finding.title for finding in diagnose(found).findings)
    assert "slim is /models/research/slim" in titles


def test_imports_that_fail_are_explained() -> None:
    tried = [Tried("import tf_slim", "ModuleNotFoundError: No module named 'tf_slim'")]
    (entry,) = diagnose(environment(tensorflow="2.21.0"), tried).to_json()["imports"]
    assert entry["known_as"] == ["no-tf-slim"]


@pytest.mark.parametrize(
    ("version", "bounds", "holds"),
    [("1.26.4", "<2.0.0,>=1.23.5", True), ("2.0", "<2.0.0", False), ("3.20.3", "!=4.21.0,<5", True),
     ("4.21", "!=4.21.0", False), ("2.15.1", "==2.15.*", True), ("2.16.0", "==2.15.*", False),
     ("2.9.1", "~=2.9.0", True), ("2.10", "~=2.9.0", False), ("1.0", "", True)],
)  # fmt: skip
def test_bounds(version: str, bounds: str, holds: bool) -> None:
    assert satisfies(number(version), bounds) is holds


def test_markers_of_requirements() -> None:
    wanted = ("numpy<1; python_version < '3.0'", "numpy<1; sys_platform == 'win32'",
              "numpy[x] (<1); python_version >= '3.10' and python_version < '3.13'")  # fmt: skip
    found = unmet(environment(a="1", numpy="2.0", requires={"a": wanted}), ("numpy",), "a")
    assert [item.bounds for item in found] == ["<1"]


def test_this_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What lies in the working folder, or on PYTHONPATH, is seen and never run."""
    for name in ("json", "re", "sitecustomize", "numpy"):
        code = "import pathlib; pathlib.Path(__file__).with_name('ran').touch(); raise SystemExit"
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
    slim = tmp_path / "slim"
    slim.mkdir()
    (slim / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".")
    found = ask(sys.executable)
    assert found.python == sys.version_info[:3]
    assert found.modules["slim"] == str(slim)
    assert found.modules["numpy"] == str(tmp_path / "numpy.py")
    assert found.version("libcst") is not None
    assert not (tmp_path / "ran").exists()


def test_the_probe_of_python_2_leaves_the_working_folder_alone(tmp_path: Path) -> None:
    """It has no -I, so that the probe itself sees to it."""
    (tmp_path / "json.py").write_text("raise SystemExit('this ran')", "utf-8")
    probe = Path(__file__).parents[2] / "slimport/scan/probe.py"
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-c", probe.read_text("utf-8")],
        cwd=tmp_path, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_an_interpreter_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CannotAsk, match="no such interpreter"):
        ask(str(tmp_path / "python"))
    with pytest.raises(CannotAsk, match="does not answer"):
        ask("/bin/echo")


def test_which_interpreter_is_asked(tmp_path: Path) -> None:
    assert interpreter("/usr/bin/python2") == ("/usr/bin/python2", "--python")
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.touch()
    active = interpreter(None, {"VIRTUAL_ENV": str(tmp_path)})
    assert active == (str(python), "the active environment, VIRTUAL_ENV")
    assert interpreter(None, {}) == (sys.executable, "the one that runs slimport")


@pytest.mark.slow
def test_the_probe_is_python_2_as_well() -> None:
    probe = Path(__file__).parents[2] / "slimport/scan/probe.py"
    fixers = "from lib2to3.pgen2 import driver, token; from lib2to3 import pygram, pytree"
    code = (
        f"{fixers}; driver.Driver(pygram.python_grammar, pytree.convert).parse_file({str(probe)!r})"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)
