"""Iterators of datasets in a loss: read as batches, or left on their sessions."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """
{before}


def build(paths, size):
    dataset = tf.data.TFRecordDataset(paths).map(decode)
    dataset = dataset.batch(size)
    {made}
    {more}
    {read}
    {behind}
    return tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))


def train(paths, folder):
    loss = build(paths, 4)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
PARTS = {
    "before": "def decode(record):\n    x = tf.decode_raw(record, tf.float32)\n"
    "    return x, tf.reduce_sum(x)",
    "made": "iterator = dataset.make_one_shot_iterator()",
    "more": "pass",
    "read": "x, y = iterator.get_next()",
    "behind": "pass",
}
INITIALIZED = "tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)"


def rewritten(program: str = PROGRAM, **parts: str) -> str:
    text = HEAD + program.format(**{**PARTS, **parts}).replace("    pass\n", "")
    result = rewrite_program({"net.py": text})
    assert not report(result, "net.py").error and not report(result, "net.py").left
    done = output(result, "net.py")
    assert done is not None
    compile(done, "net.py", "exec")
    return done


READ = "    dataset = dataset.batch(size)\n    x, y = next_batch(dataset)\n"
BATCHES = {
    "a method": ({}, READ),
    "a function": ({"made": "iterator = tf.data.make_one_shot_iterator(dataset)"}, READ),
    "of its version": (
        {"made": "iterator = tf.compat.v1.data.make_one_shot_iterator(dataset)"},
        READ,
    ),
    "at once": (
        {"made": "pass", "read": "x, y = dataset.make_one_shot_iterator().get_next()"},
        READ,
    ),
    "a function at once": (
        {"made": "pass", "read": "x, y = tf.data.make_one_shot_iterator(dataset).get_next()"},
        READ,
    ),
    "initialized by slim": (
        {
            "made": "iterator = dataset.make_initializable_iterator()",
            "more": f"{INITIALIZED}",
        },
        READ,
    ),
    "another step": (
        {"made": "iterator = dataset.repeat().make_one_shot_iterator()"},
        "    iterator = dataset.repeat()\n    x, y = next_batch(iterator)\n",
    ),
    "a dataset of another name": (
        {"more": "dataset = dataset.skip(1)"},
        "    iterator = dataset\n    dataset = dataset.skip(1)\n    x, y = next_batch(iterator)\n",
    ),
    "over two lines": (
        {"made": "iterator = (dataset\n                .repeat()\n"
         "                .make_one_shot_iterator())"},
        "    iterator = (dataset\n                .repeat())\n    x, y = next_batch(iterator)\n",
    ),
    "comments": (
        {"made": "# Once.\n    iterator = dataset.make_one_shot_iterator()  # one",
         "read": "# Read.\n    x, y = iterator.get_next()  # a batch"},
        "    # Once.\n    # one\n    # Read.\n    x, y = next_batch(dataset)  # a batch\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "read"), BATCHES.values(), ids=list(BATCHES))
def test_iterators_become_batches(parts: dict[str, str], read: str) -> None:
    text = rewritten(**parts)
    assert read in text, text
    assert "LossModel" in text and "_iterator" not in text and "get_next" not in text
    assert "TABLE_INITIALIZERS" not in text


def test_an_iterator_beside_the_loss() -> None:
    text = rewritten(
        PROGRAM.replace("    loss = build(paths, 4)\n", "{inside}    loss = {loss}\n"),
        made="pass",
        read="x, y = paths",
        inside="    dataset = tf.data.TFRecordDataset(paths).map(decode).batch(3)\n"
        "    iterator = dataset.make_one_shot_iterator()\n"
        "    x, y = iterator.get_next()\n",
        loss="build((x, y), 4)",
    )
    assert (
        "        dataset = tf.compat.v1.data.TFRecordDataset(paths).map(decode).batch(3)\n" in text
    )
    assert "        x, y = next_batch(dataset)\n        loss = build((x, y), 4)\n" in text


STAY = {
    "two batches": {"behind": "z, _ = iterator.get_next()"},
    "two iterators": {
        "behind": "z, _ = dataset.make_one_shot_iterator().get_next()",
    },
    "its initializer": {
        "made": "iterator = dataset.make_initializable_iterator()",
        "more": "print(iterator.initializer)",
    },
    "no initializer": {"made": "iterator = dataset.make_initializable_iterator()"},
    "another collection": {
        "made": "iterator = dataset.make_initializable_iterator()",
        "more": "tf.add_to_collection('more', iterator.initializer)",
    },
    "initialized twice": {
        "made": "iterator = dataset.make_initializable_iterator()",
        "more": f"{INITIALIZED}\n    {INITIALIZED}",
    },
    "its types": {"behind": "print(iterator.output_types)"},
    "given away": {"behind": "print(iterator)"},
    "another value": {"more": "iterator = iterator or paths"},
    "in a loop": {"read": "for _ in range(2):\n        x, y = iterator.get_next()"},
    "in a lambda": {"read": "x, y = (lambda: iterator.get_next())()"},
    "a shared name": {"made": "iterator = dataset.make_one_shot_iterator('name')"},
    "of a structure": {
        "made": "iterator = tf.data.Iterator.from_structure(dataset.output_types)",
        "more": "iterator.make_initializer(dataset)",
    },
    "methods of its own": {
        "before": "class Reader:\n    def get_next(self):\n        return 1\n\n\n" + PARTS["before"]
    },
    "a parameter": {
        "before": f"{PARTS['before']}\n\n\ndef read(iterator):\n    return iterator.get_next()",
        "read": "x, y = read(iterator)",
    },
}


@pytest.mark.parametrize("parts", STAY.values(), ids=list(STAY))
def test_iterators_that_stay(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "LossModel" not in text and "next_batch" not in text and "train_in_session" in text
