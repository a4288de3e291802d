"""tf.train.batch_join over several readings: one pipeline, or what stays."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """
def read(queue):
    reader = tf.TFRecordReader()
    _, record = reader.read(queue)
    a = tf.decode_raw(record, tf.float32)
    return a, tf.reduce_sum(a)


def build(data, readers):
    {made}
    {first}
    {loop}
        {inner}
        examples.append({listed})
    {behind}
    x, y = {batch}
    {use}
    return tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))


def train(data, folder):
    loss = build(data, 4)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
PARTS = {
    **dict.fromkeys(("behind", "use"), "pass"),
    "made": "provider = slim.dataset_data_provider.DatasetDataProvider(data)",
    "first": "examples = []",
    "loop": "for _ in range(readers):",
    "inner": "a, b = provider.get(['a', 'b'])\n        a = a * 2.0",
    "listed": "[a, b]",
    "batch": "tf.train.batch_join(examples, batch_size=8, capacity=32)",
}
ALONE = PROGRAM.replace(
    "    {loop}\n        {inner}\n        examples.append({listed})\n", "    {inner}\n"
)


def rewritten(program: str = PROGRAM, **parts: str) -> str:
    text = HEAD + program.format(**{**PARTS, **parts}).replace("    pass\n", "")
    result = rewrite_program({"net.py": text})
    assert not report(result, "net.py").error
    done = output(result, "net.py")
    assert done is not None
    compile(done, "net.py", "exec")
    return done


PREPARE = """    def prepare(example):
        a, b = example['a'], example['b']
        a = a * 2.0
        return a, b

    batches = provider.examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.batch(8, drop_remainder=True)
"""
JOINED = {
    "a loop": ({}, [PREPARE, "    x, y = next_batch(batches)\n"]),
    "mixed": (
        {"batch": "tf.train.shuffle_batch_join(examples, 8, 32, 16, seed=3)"},
        ["    batches = batches.shuffle(32, seed=3)\n    batches = batches.batch(8, "],
    ),
    "padded, and the last": (
        {"batch": "tf.train.batch_join(examples, 8, 32, dynamic_pad=True,\n"
         "        allow_smaller_final_batch=True)"},
        ["batches = batches.padded_batch(8, drop_remainder=False)\n"],
    ),
    "a queue of files": (
        {
            "made": "queue = tf.train.string_input_producer(data)",
            "inner": "a, b = read(queue)",
        },
        ["    def prepare(record):\n        a, b = read(record)\n        return a, b\n"],
    ),
    "a reader in the loop": (
        {
            "made": "queue = tf.train.string_input_producer(data)",
            "inner": "reader = tf.TFRecordReader()\n        _, row = reader.read(queue)\n"
            "        a = tf.decode_raw(row, tf.float32)",
            "listed": "(a, a + 1.0)",
        },
        ["    def prepare(row):\n        a = tf.compat.v1.decode_raw(row", "return a, a + 1.0\n"],
    ),
    "a dictionary": (
        {"listed": "{'a': a, 'b': b}"},
        ["        return {'a': a, 'b': b}\n"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "found"), JOINED.values(), ids=list(JOINED))
def test_readings_become_one(parts: dict[str, str], found: list[str]) -> None:
    text = rewritten(**parts)
    for part in found:
        assert part in text, text
    assert "examples = []" not in text and "append" not in text and "for _ in" not in text
    assert "LossModel" in text and "_join" not in text


COMPREHENSIONS = {
    "named": (
        "examples = [provider.get(['a', 'b']) for _ in range(readers)]",
        "tf.train.batch_join(examples, 8)",
    ),
    "as it stands": (
        "readers = 2 * readers",
        "tf.train.batch_join(\n        [provider.get(['a', 'b']) for _ in range(readers)], 8)",
    ),
}


@pytest.mark.parametrize(("first", "batch"), COMPREHENSIONS.values(), ids=list(COMPREHENSIONS))
def test_comprehensions(first: str, batch: str) -> None:
    text = rewritten(ALONE, first=first, inner="pass", batch=batch)
    assert "    def prepare(example):\n        return example['a'], example['b']\n" in text
    assert "x, y = next_batch(batches)\n" in text and "_join" not in text


def test_comments_stay() -> None:
    text = rewritten(
        first="# Made.\n    examples = []  # list",
        loop="# Loop.\n    for _ in range(readers):  # times",
        inner="# Get.\n        a, b = provider.get(['a', 'b'])  # got\n        # Put.",
        behind="# Join.",
    )
    for word in "Made list Loop times Get got Put Join".split():
        assert text.count(f"# {word}") == 1, text


STAY = {
    "its number is used": {"inner": "a, b = provider.get(['a', 'b'])\n        a = a * float(_)"},
    "a number that is used behind": {
        "loop": "for i in range(readers):",
        "behind": "print(i)",
    },
    "a list of two values": {"first": "examples, n = [], 0\n    examples = []"},
    "counted": {
        "first": "n = 0\n    examples = []",
        "inner": "a, b = provider.get(['a', 'b'])\n        n = n + 1\n        a = a * n",
    },
    "of files": {"loop": "for name in data.names:"},
    "a range of calls": {"loop": "for _ in range(data.number()):"},
    "the list elsewhere": {"behind": "print(examples)"},
    "two lists": {"behind": "examples = examples * 2"},
    "an example behind": {"use": "print(a)"},
    "its end": {"loop": "for _ in range(readers):\n        if data: break"},
    "work before it": {"loop": "for _ in range(readers):\n        print(data)"},
    "work for one alone": {
        "inner": "a = 1.0",
        "first": "a, b = provider.get(['a', 'b'])\n    examples = []",
    },
    "many at once": {"batch": "tf.train.batch_join(examples, 8, enqueue_many=True)"},
    "two readings": {
        "inner": "a, b = provider.get(['a', 'b'])\n        c, = provider.get(['c'])",
    },
}


@pytest.mark.parametrize("parts", STAY.values(), ids=list(STAY))
def test_readings_that_stay(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "tf.train.batch_join(" in text and ".map(" not in text and "LossModel" not in text


@pytest.mark.parametrize(
    "listed",
    [
        "[provider.get(['a', 'b']) for i in range(readers) if i]",
        "[provider.get(['a', str(i)]) for i in range(readers)]",
        "[provider.get(data.items) for _ in range(readers)]",
        "[provider.get(['a', 'b']) for _ in data]",
        "[read(provider) for _ in range(readers)]",
    ],
)
def test_comprehensions_that_stay(listed: str) -> None:
    text = rewritten(ALONE, first=f"examples = {listed}", inner="pass")
    assert "tf.train.batch_join(" in text and "LossModel" not in text
