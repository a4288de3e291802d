"""Every kind of file of old weights is read bit for bit, or refused with a reason."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from slimport.weights.sources import SourceError, open_source
from slimport.weights.tensor_bundle import crc32c
from tests.weights.tools import export, run_tensorflow_1, save, some_values

tf = pytest.importorskip("tensorflow")

SCRIPT = Path(__file__).parent / "roles_of_tf1.py"

#: Folder, format, parts of each variable, data files.
CHECKPOINTS = {
    "v2": (2, 1, 1),
    "v2_parts": (2, 3, 1),
    "v2_shards": (2, 1, 2),
    "v1": (1, 1, 1),
    "v1_parts": (1, 3, 1),
    "v1_shards": (1, 1, 2),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of checkpoints, and of graphs with ref and resource variables."""
    root = tmp_path_factory.mktemp("written")
    for name, (version, parts, devices) in CHECKPOINTS.items():
        values = some_values()
        if parts > 1:
            values = divisible(values)
        (root / name).mkdir()
        save(root / name / "model.ckpt-7", values, version, parts, devices)
    for name, resource in (("ref", False), ("resource", True)):
        (root / name).mkdir()
        export(root / name, resource)
    return root


def divisible(values):
    """Without what TensorFlow cannot put together again, or cannot divide."""
    beyond = ("net/empty", "net/names", "net/half")
    return {name: value for name, value in values.items() if name not in beyond}


def read(path):
    """All values of a source."""
    source = open_source(path)
    assert list(source.variables) == sorted(source.variables)
    found = {name: source.read(name) for name in source.variables}
    for name, value in found.items():
        stored = source.variables[name]
        assert value.shape == stored.shape
        assert stored.dtype in (value.dtype.name, "string")
    return found


def assert_same(found, expected):
    """Bit for bit, dtypes included."""
    assert sorted(found) == sorted(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert found[name].shape == value.shape
        assert found[name].tolist() == value.tolist(), name


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_checkpoints(name, written):
    expected = divisible(some_values()) if name.endswith("parts") else some_values()
    source = open_source(written / name)
    assert source.kind == f"checkpoint (V{name[1]})"
    assert source.path == written / name / "model.ckpt-7"
    assert_same(read(written / name / "model.ckpt-7"), expected)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_each_file_of_a_checkpoint_stands_for_it(name, written):
    files = [*(written / name).iterdir()]
    assert len(files) >= 2
    for path in files:
        assert open_source(path).path == written / name / "model.ckpt-7"


@pytest.mark.parametrize("name", ["ref", "resource"])
@pytest.mark.parametrize("file", ["saved", "saved/saved_model.pb", "saved_constants", "frozen.pb"])
def test_graphs(name, file, written):
    expected = some_values()
    del expected["net/names"]
    source = open_source(written / name / file)
    kinds = {"frozen.pb": "frozen graph", "saved_constants": "SavedModel (constants)"}
    assert source.kind == kinds.get(file, "SavedModel")
    assert_same(read(written / name / file), expected)


def copied(folder, to):
    """The files of a checkpoint, without the one that names an absolute path."""
    shutil.copytree(folder, to, dirs_exist_ok=True, ignore=lambda *_: {"checkpoint"})


def refusal(path):
    """The message of a refusal: a sentence or more, without the words of a traceback."""
    with pytest.raises(SourceError) as error:
        read(path)
    message = str(error.value)
    assert message.endswith("."), message
    assert "Traceback" not in message and "\n" not in message
    return message


def cuts(length):
    """Lengths to cut a file to."""
    return sorted({0, 1, length // 3, length // 2, length - 49, length - 9, length - 1})


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_that_is_cut_off(name, written, tmp_path):
    copied(written / name, tmp_path)
    for path in sorted(tmp_path.glob("model.ckpt-7*")):
        whole = path.read_bytes()
        for length in cuts(len(whole)):
            path.write_bytes(whole[:length])
            assert "model.ckpt-7" in refusal(tmp_path / "model.ckpt-7")
        path.unlink()
        assert "model.ckpt-7" in refusal(tmp_path / "model.ckpt-7")
        path.write_bytes(whole)
    read(tmp_path / "model.ckpt-7")


@pytest.mark.parametrize("file", ["frozen.pb", "saved_constants/saved_model.pb"])
def test_a_graph_that_is_cut_off(file, written, tmp_path):
    """Also between two nodes, where what is left is a graph as good as any."""
    whole = (written / "ref" / file).read_bytes()
    path = tmp_path / Path(file).name
    steps = range(1, len(whole), 7) if file == "frozen.pb" else cuts(len(whole))
    for length in [*steps, *_between_nodes(whole)]:
        path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match="cut off"):
            open_source(path)


def _between_nodes(graph):
    """Where each node of a graph ends, and only nodes come before."""
    place = 0
    while graph[place] == 0x0A:
        length = shift = 0
        place += 1
        while True:
            byte = graph[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        place += length
        if place < len(graph):
            yield place


@pytest.mark.parametrize("name", ["v2", "v2_parts", "v1"])
def test_a_byte_that_changed(name, written, tmp_path):
    """It is an error, or lies where nothing is."""
    copied(written / name, tmp_path)
    expected, draw = read(tmp_path), random.Random(0)
    for path in sorted(tmp_path.glob("model.ckpt-7*")):
        whole = bytearray(path.read_bytes())
        errors = 0
        for place in draw.sample(range(len(whole)), 40):
            whole[place] ^= 16
            path.write_bytes(whole)
            try:
                assert_same(read(tmp_path), expected)
            except SourceError:
                errors += 1
            whole[place] ^= 16
        path.write_bytes(whole)
        assert errors >= 36


def test_what_is_missing(written, tmp_path):
    assert "There is no" in refusal(tmp_path / "model.ckpt")
    assert "no checkpoint" in refusal(tmp_path)
    for name, gone in (("v2_shards", "data-00001-of-00002"), ("v1_shards", "00001-of-00002")):
        copied(written / name, tmp_path / name)
        next((tmp_path / name).glob(f"*{gone}")).unlink()
        assert f"{gone} is missing" in refusal(tmp_path / name)
    copied(written / "v2", tmp_path / "v2")
    (tmp_path / "v2" / "model.ckpt-7.index").unlink()
    assert "model.ckpt-7.index is missing" in refusal(tmp_path / "v2" / "model.ckpt-7")
    (tmp_path / "model.ckpt.meta").write_bytes(b"\n\0")
    assert "a graph and no values" in refusal(tmp_path / "model.ckpt.meta")
    shutil.copytree(written / "ref" / "saved", tmp_path / "saved")
    shutil.rmtree(tmp_path / "saved" / "variables")
    assert "Copy the whole folder" in refusal(tmp_path / "saved")


def test_a_graph_without_its_values(written):
    for name in ("ref", "resource"):
        assert "8 variables" in refusal(written / name / "graph.pb")


def test_a_graph_in_which_nothing_tells_the_variables(tmp_path):
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="w", op="Const").attr["value"].tensor.CopyFrom(tf.make_tensor_proto([1.5]))
    graph.node.add(name="y", op="Relu", input=["w"])
    graph.versions.producer = 1
    (tmp_path / "a.pb").write_bytes(graph.SerializeToString())
    assert "none of its 1 constants" in refusal(tmp_path / "a.pb")


def test_a_constant_that_does_not_fill_its_shape(tmp_path):
    """The bytes that follow in the file are another node's."""
    graph = tf.compat.v1.GraphDef()
    proto = tf.make_tensor_proto(np.arange(3.0))
    proto.tensor_shape.dim[0].size = 4
    graph.node.add(name="w", op="Const").attr["value"].tensor.CopyFrom(proto)
    graph.node.add(name="w/read", op="Identity", input=["w"])
    graph.versions.producer = 1
    (tmp_path / "a.pb").write_bytes(graph.SerializeToString())
    assert "the value of w is damaged (24 bytes for shape [4])" in refusal(tmp_path / "a.pb")


def test_a_name_that_changed(written, tmp_path):
    """Also where no value is read."""
    copied(written / "v2", tmp_path)
    index = tmp_path / "model.ckpt-7.index"
    index.write_bytes(index.read_bytes().replace(b"conv/", b"conw/"))
    with pytest.raises(SourceError, match="index is damaged"):
        open_source(tmp_path)


def test_folders(written, tmp_path):
    """The latest of several; else the only one; else a list to choose from."""
    copied(written / "v2", tmp_path)
    assert open_source(tmp_path).path == tmp_path / "model.ckpt-7"
    for path in tmp_path.glob("model.ckpt-7.*"):
        shutil.copy(path, tmp_path / path.name.replace("-7", "-8"))
    assert "2 checkpoints: model.ckpt-7, model.ckpt-8" in refusal(tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-8"\n')
    assert open_source(tmp_path).path == tmp_path / "model.ckpt-8"
    named = (
        'model_checkpoint_path: "/gone/\\303\\244/model.ckpt-9"\nall_model_checkpoint_paths: "x"\n'
    )
    (tmp_path / "checkpoint").write_text(named)
    message = refusal(tmp_path)
    assert "names /gone/ä/model.ckpt-9, which is not there" in message
    assert "model.ckpt-7, model.ckpt-8" in message


def test_a_folder_of_other_weights(written):
    assert "It holds frozen.pb, graph.pb, saved, saved_constants" in refusal(written / "ref")


def test_object_based_checkpoints(tmp_path):
    tf.train.Checkpoint(v=tf.Variable([1.0])).write(str(tmp_path / "model"))
    assert "object-based checkpoint" in refusal(tmp_path / "model")


FOREIGN = {
    "empty file": b"",
    "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(50),
    "TensorFlow Lite": b"\x1c\0\0\0TFL3" + bytes(50),
    "gzip": b"\x1f\x8b\x08\0" + bytes(50),
    "HTML": b"<!DOCTYPE html>",
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\n",
    "graph as text": b'node {\n  name: "a"\n}\n',
    "text": "nur Text, ä".encode(),
    "tar archive": bytes(257) + b"ustar" + bytes(250),
    "damaged or cut off": bytes(range(256)),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_foreign_files(what, tmp_path):
    for name in ("model.ckpt", "model.pb"):
        (tmp_path / name).write_bytes(FOREIGN[what])
        assert what in refusal(tmp_path / name)


def test_a_zip_file(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as file:
        file.writestr("config.json", "{}")
    assert "a zip file: a model of Keras" in refusal(tmp_path / "model.keras")


def test_the_checksum_is_castagnoli():
    assert crc32c(b"123456789") == 0xE3069283


MEMORY = """
import sys
from pathlib import Path
import numpy, tensorflow as tf
from slimport.weights.sources import open_source

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

def read(source, name):
    before = Path("/proc/self/clear_refs").write_text("5") and peak()
    length = source.read(name).nbytes
    return (peak() - before) / length

for path in sys.argv[1:]:
    source = open_source(Path(path))
    read(source, "small")
    print(max(read(source, name) for name in source.variables if name != "small"))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_one_variable_at_a_time_in_one_copy(tmp_path):
    values = {"small": np.ones(3, "f4")}
    values |= {f"w{i}": np.random.default_rng(i).normal(size=8_000_000) for i in range(4)}
    save(tmp_path / "model.ckpt", values)
    graph = tf.compat.v1.GraphDef()
    for name, value in values.items():
        proto = tf.make_tensor_proto(value)
        graph.node.add(name=name, op="Const").attr["value"].tensor.CopyFrom(proto)
        graph.node.add(name=f"{name}/read", op="Identity", input=[name])
    graph.versions.producer = 1
    (tmp_path / "model.pb").write_bytes(graph.SerializeToString())
    paths = [str(tmp_path / name) for name in ("model.ckpt", "model.pb")]
    command = [sys.executable, "-c", MEMORY, *paths]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(float(copies) < 1.2 for copies in answer.split()), answer


@pytest.mark.slow
def test_checkpoints_that_tensorflow_1_wrote(tmp_path):
    run_tensorflow_1(SCRIPT, tmp_path)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) > 30
    for folder in folders:
        found = read(folder)
        with np.load(folder / "model.ckpt.npz") as expected:
            assert {name.replace("\\", "/") for name in expected} == set(found)
            for name in expected:
                value = found[name.replace("\\", "/")]
                assert value.dtype == expected[name].dtype
                assert value.tobytes() == expected[name].tobytes()
