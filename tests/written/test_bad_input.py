"""Bad input: errors name the file and the feature, wherever the program reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from input_pipelines import example, sequence_example, write_records
from old_side import v1
from test_data_provider import all_of, dataset_of

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

PICTURE = tf.io.encode_png(np.zeros([2, 3, 3], np.uint8)).numpy()
GOOD = example(encoded=PICTURE, format=b"png", number=1)


def missing(folder: Path) -> str:
    return str(folder / "missing.rec")


def corrupt(folder: Path) -> str:
    file = Path(write_records(folder / "corrupt.rec", [GOOD] * 3))
    contents = bytearray(file.read_bytes())
    contents[len(contents) // 2] ^= 1
    file.write_bytes(contents)
    return str(file)


def without_feature(folder: Path) -> str:
    return write_records(folder / "bad.rec", [GOOD, example(encoded=PICTURE, format=b"png")])


def of_another_type(folder: Path) -> str:
    bad = example(encoded=PICTURE, format=b"png", number=0.5)
    return write_records(folder / "bad.rec", [GOOD, bad])


def of_another_length(folder: Path) -> str:
    bad = example(encoded=PICTURE, format=b"png", number=[1, 2])
    return write_records(folder / "bad.rec", [GOOD, bad])


SECOND = len(GOOD) + 16  # where the second record begins
BAD: dict[str, tuple[Callable[[Path], str], Any, str]] = {
    "missing": (missing, tf.errors.NotFoundError, "FILE.*No such file"),
    "corrupt": (
        corrupt,
        tf.errors.InvalidArgumentError,
        rf"corrupt or unreadable record in file.*FILE.*at byte.*{SECOND}",
    ),
    "without a feature": (
        without_feature,
        tf.errors.InvalidArgumentError,
        f"FILE:{SECOND}, Feature: number .*is required but could not be found",
    ),
    "of another type": (
        of_another_type,
        tf.errors.InvalidArgumentError,
        f"FILE:{SECOND}, Key: number, .*Data types don't match.*float.*expected type: int64",
    ),
    "of another length": (
        of_another_length,
        tf.errors.InvalidArgumentError,
        f"FILE:{SECOND}, Key: number, .*Number of int64 values != expected",
    ),
}


def by_examples(provider: Callable[[], Any], new: Any) -> None:
    list(provider().examples)


def by_get(provider: Callable[[], Any], new: Any) -> None:
    with tf.Graph().as_default():
        all_of(provider().get(["number"]))


def by_fit(provider: Callable[[], Any], new: Any) -> None:
    def loss() -> Any:
        numbers = provider().examples.map(
            lambda item: tf.cast(item["number"], tf.float32), num_parallel_calls=tf.data.AUTOTUNE
        )
        numbers = new.next_batch(numbers.batch(1).prefetch(tf.data.AUTOTUNE))
        return tf.reduce_mean(new.fully_connected(numbers[:, None], 1))

    model = new.LossModel(loss)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    model.fit(model.batches, steps_per_epoch=10, verbose=0)


@pytest.mark.parametrize("read", [by_examples, by_get, by_fit])
@pytest.mark.parametrize("name", BAD)
def test_the_error_names_the_file_and_the_feature(
    name: str, read: Any, tmp_path: Path, new: Any
) -> None:
    make, error, text = BAD[name]
    good, bad = write_records(tmp_path / "good.rec", [GOOD] * 2), make(tmp_path)

    def provider() -> Any:
        source = dataset_of(new, [good, bad])
        return new.DatasetDataProvider(source, shuffle=False, num_epochs=1)

    with pytest.raises(error, match=f"(?s){text.replace('FILE', re.escape(bad))}"):
        read(provider, new)


def test_what_comes_before_is_read(tmp_path: Path, new: Any) -> None:
    files = [write_records(tmp_path / "good.rec", [GOOD] * 40), without_feature(tmp_path)]
    provider = new.DatasetDataProvider(dataset_of(new, files), shuffle=False, num_epochs=1)
    found = []
    with pytest.raises(tf.errors.InvalidArgumentError, match=re.escape(files[1])):
        for item in provider.examples:
            found.append(int(item["number"]))
    assert found == [1] * 41


def test_a_pattern_of_nothing(tmp_path: Path, new: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(str(tmp_path / "*.rec"))):
        new.DatasetDataProvider(dataset_of(new, str(tmp_path / "*.rec")))


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (
            sequence_example({"size": 0.5}, rows=[[1.0]]),
            "Context feature: size.*Expected type: int64",
        ),
        (sequence_example({"size": 1}, rows=[[1]]), "Feature list: rows.*Expected type: float"),
        (sequence_example({"size": 1}), "Feature list 'rows' is required"),
    ],
    ids=["context of another type", "frames of another type", "without frames"],
)
def test_sequences_are_named_too(bad: bytes, text: str, tmp_path: Path, new: Any) -> None:
    good = sequence_example({"size": 4}, rows=[[1.0]])
    file = write_records(tmp_path / "a.rec", [good, bad])
    decoder = new.TFSequenceExampleDecoder(
        {"size": tf.io.FixedLenFeature([], tf.int64)},
        {"rows": tf.io.FixedLenSequenceFeature([], tf.float32)},
        {"size": new.TensorItem("size"), "rows": new.TensorItem("rows")},
    )
    source = new.ExampleDataset(file, v1.TFRecordReader, decoder, 2, {})
    provider = new.DatasetDataProvider(source, shuffle=False, num_epochs=1)
    where = f"{re.escape(file)}:{len(good) + 16}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"(?s){where}.*{text}"):
        list(provider.examples)
