"""Queues of file names with a reader: what becomes a pipeline of tf.data, and what stays."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
READ = """def read(queue{parameters}):
    {reader}
    {read}
    x = tf.decode_raw(record, tf.float32)
    x.set_shape([4])
    return x, tf.reduce_sum(x)


"""
LOAD = """def load(paths):
    {queue}
    {first}
    {get}
    {second}
    x, y = tf.train.batch([a, b], {batch})
    return x, y


"""
TRAIN = """def train(paths, folder):
    x, y = load(paths)
    predictions = slim.fully_connected(x, 1, activation_fn=None)
    loss = tf.losses.mean_squared_error(tf.expand_dims(y, 1), predictions)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
PARTS = {
    "parameters": "",
    "reader": "reader = tf.TFRecordReader()",
    "read": "_, record = reader.read(queue)",
    "queue": "queue = tf.train.string_input_producer(paths)",
    "first": "pass",
    "get": "a, b = read(queue)",
    "second": "pass",
    "batch": "4",
}


def rewritten(more: str = "", **parts: str) -> str:
    source = HEAD + (READ + LOAD).format(**{**PARTS, **parts}) + TRAIN + more
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    text = output(result, "net.py")
    assert text is not None
    compile(text, "net.py", "exec")
    return text


RECORDS = {
    "records": ({}, "flat_map(tf.data.TFRecordDataset)"),
    "a name": ({"reader": "reader = tf.TFRecordReader(name='r')"}, "TFRecordDataset)"),
    "lines": ({"reader": "reader = tf.TextLineReader()"}, "flat_map(tf.data.TextLineDataset)"),
    "whole files": ({"reader": "reader = tf.WholeFileReader()"}, "map(tf.io.read_file)"),
    "bytes": (
        {"reader": "reader = tf.FixedLengthRecordReader(16)"},
        "flat_map(lambda path: tf.data.FixedLengthRecordDataset(path, 16))",
    ),
    "bytes by name": (
        {"reader": "reader = tf.FixedLengthRecordReader(record_bytes=2 * 8)"},
        "flat_map(lambda path: tf.data.FixedLengthRecordDataset(path, 2 * 8))",
    ),
}


@pytest.mark.parametrize(("parts", "step"), RECORDS.values(), ids=list(RECORDS))
def test_records_of_files(parts: dict[str, str], step: str) -> None:
    text = rewritten(**parts)
    assert "    records = queued_files(paths)\n    records = records." in text and step in text
    assert "def read(record):\n" in text and "a, b = read(record)\n" in text
    assert "reader" not in text.replace("def read", "") and "queue = " not in text
    assert "batches = records.map(prepare" in text and "TODO" not in text


@pytest.mark.parametrize(
    ("queue", "files"),
    [
        ("paths, num_epochs=2, capacity=9", "paths, num_epochs=2"),
        ("paths, 2, False, 7", "paths, num_epochs=2, shuffle=False, seed=7"),
        ("string_tensor=[paths], shuffle=False, name='q'", "[paths], shuffle=False"),
    ],
)
def test_what_the_queue_is_told(queue: str, files: str) -> None:
    text = rewritten(queue=f"queue = tf.train.string_input_producer({queue})")
    assert f"    records = queued_files({files})\n" in text


@pytest.mark.parametrize(
    ("batch", "steps"),
    [
        ("tf.train.batch([a, b], 4, 2, 9)", ".batch(4, drop_remainder=True)"),
        ("tf.train.batch([a, b], 4, dynamic_pad=True)", ".padded_batch(4, drop_remainder=True)"),
        ("tf.train.shuffle_batch([a, b], 4, 9, 3)", ".shuffle(9)\n    batches = batches.batch(4"),
        ("tf.train.shuffle_batch([a, b], 4, 9, 3, 2, 7)", ".shuffle(9, seed=7)\n"),
        ("tf.train.batch([a, b], 4, 2, 9, True)", ""),
        ("tf.train.batch([a, b], 4, shapes=[[4], []])", ""),
        ("tf.train.batch(*paths)", ""),
    ],
)
def test_how_it_batches(batch: str, steps: str) -> None:
    source = HEAD + (READ + LOAD).format(**PARTS) + TRAIN
    source = source.replace("tf.train.batch([a, b], 4)", batch)
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert (steps in text) if steps else ("queued_files" not in text)


def test_a_reader_in_the_same_block() -> None:
    text = rewritten(
        queue="queue = tf.train.string_input_producer(paths)  # files",
        first="# One by one.\n    reader = tf.TextLineReader()  # lines",
        get="key, row = reader.read(queue)\n    a = tf.string_to_number(row)",
        second="b = a + 1.0",
    )
    assert "def prepare(row):\n        a = " in text and "TextLineReader" not in text
    for comment in ("# files\n", "# One by one.\n", "# lines\n"):
        assert text.count(comment) == 1


def test_the_batch_as_it_comes_is_the_dataset() -> None:
    source = HEAD + (READ + LOAD).format(**PARTS) + TRAIN.replace("tf.expand_dims(y, 1)", "y")
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "    return batches\n" in text and "keras.Model(x, predictions)" in text


QUEUES = {
    "two readers": {"first": "other = tf.TFRecordReader()\n    _, z = other.read(queue)"},
    "the key": {"read": "key, record = reader.read(queue)\n    print(key)"},
    "many at once": {"read": "_, record = reader.read_up_to(queue, 4)"},
    "headers": {"reader": "reader = tf.TextLineReader(skip_header_lines=1)"},
    "a header of bytes": {"reader": "reader = tf.FixedLengthRecordReader(16, 4)"},
    "options": {"reader": "reader = tf.TFRecordReader(options=paths)"},
    "another reader": {"reader": "reader = tf.LMDBReader()"},
    "its size": {"second": "print(queue.size())"},
    "a queue of its own": {"queue": "queue = tf.FIFOQueue(9, tf.string)"},
    "more of the queue": {"queue": "queue = tf.train.string_input_producer(paths, cancel_op=1)"},
    "two queues": {"first": "other = tf.train.string_input_producer(paths)"},
    "another use of the reader": {"reader": "reader = tf.TFRecordReader()\n    reader.reset()"},
    "the queue is looked at": {"read": "_, record = reader.read(queue)\n    print(queue.name)"},
}


@pytest.mark.parametrize("parts", QUEUES.values(), ids=list(QUEUES))
def test_queues_stay(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "queued_files" not in text and "tf.train.batch(" in text and "LossModel" not in text
    assert "train_in_session(" in text


def test_a_function_that_reads_for_others_too() -> None:
    more = "\n\ndef show(paths):\n    return read(tf.train.string_input_producer(paths))\n"
    text = rewritten(more=more)
    assert "queued_files" not in text and "reader.read(queue)" in text
