"""Queues of batches: what becomes steps of the pipeline, and what stays."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
PROGRAM = """
def flat(values):
    return [x for value in values for x in (value if isinstance(value, list) else [value])]


{before}


def build(data, size):
    provider = slim.dataset_data_provider.DatasetDataProvider(data)
    {get}
    {inner}
    {batch}
    {after}
    {queue}
    {behind}
    {use}
    loss = tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))
    return loss{more}


def train(data, folder):
    loss = build(data, 4)
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
PARTS = {
    **dict.fromkeys(("before", "inner", "after", "behind"), "pass"),
    "get": "a, b = provider.get(['a', 'b'])",
    "batch": "x, y = tf.train.batch([a, b], 8)",
    "queue": "ahead = slim.prefetch_queue.prefetch_queue([x, y], capacity=2)",
    "use": "x, y = ahead.dequeue()",
    "more": "",
}


def rewritten(**parts: str) -> str:
    text = HEAD + PROGRAM.format(**{**PARTS, **parts}).replace("    pass\n", "")
    result = rewrite_program({"net.py": text})
    assert not report(result, "net.py").error
    done = output(result, "net.py")
    assert done is not None
    compile(done, "net.py", "exec")
    return done


MAP = "map(arrange, num_parallel_calls=tf.data.AUTOTUNE)"
AHEAD = "batches = batches.batch(8, drop_remainder=True)\n    ahead = batches.prefetch("
ARRANGED = {
    "as it comes": ({}, [AHEAD, "x, y = next_batch(ahead)\n"]),
    "one value after the other": (
        {"after": "y = slim.one_hot_encoding(y, size)"},
        [
            "    def arrange(x, y):\n        y = one_hot_encoding(y, size)\n        return x, y\n",
            f"    batches = batches.{MAP}\n    ahead = batches.prefetch(",
        ],
    ),
    "in another order": (
        {
            "queue": "ahead = slim.prefetch_queue.prefetch_queue((y, x))",
            "use": "y, x = ahead.dequeue()",
        },
        ["    def arrange(x, y):\n        return y, x\n", "y, x = next_batch(ahead)\n"],
    ),
    "one of two": (
        {
            "queue": "ahead = slim.prefetch_queue.prefetch_queue([x])",
            "use": "x = ahead.dequeue()\n    y = x",
        },
        ["        return x\n", "x = next_batch(ahead)\n"],
    ),
    "no names": (
        {"use": "x, y = flat(ahead.dequeue())"},
        ["x, y = flat(list(next_batch(ahead)))\n"],
    ),
    "a list of its own": (
        {
            "batch": "x = tf.train.batch([a, b], 8)",
            "queue": "ahead = slim.prefetch_queue.prefetch_queue(x)",
        },
        [AHEAD, "x, y = next_batch(ahead)\n"],
    ),
    "a dictionary": (
        {
            "batch": "z = tf.train.batch({'a': a, 'b': b}, 8)",
            "after": "z['b'] = slim.one_hot_encoding(z['b'], size)",
            "queue": "ahead = slim.prefetch_queue.prefetch_queue(z)",
            "use": "z = ahead.dequeue()\n    x, y = z['a'], z['b']",
        },
        [
            "        return {'a': a, 'b': b}\n",
            "    def arrange(z):\n",
            "        return dict(sorted(z.items()))\n",
            "z = next_batch(ahead)\n",
        ],
    ),
    "computed": (
        {
            "inner": "n = [1] + [len(data.sizes)]",
            "batch": "r = tf.train.batch(flat([a, [b]]), 8)",
            "after": "x, y = flat(r)",
            "queue": "ahead = slim.prefetch_queue.prefetch_queue(flat([x, [y]]))",
            "use": "x, y = flat(ahead.dequeue()[:n[0] + 1])",
        },
        [
            "    n = [1] + [len(data.sizes)]\n\n    def prepare(example):\n",
            "        tensors = flat([a, [b]])\n"
            "        assert isinstance(tensors, (list, tuple)) and len(tensors) > 1\n"
            "        return tuple(tensors)\n",
            "    def arrange(*r):\n        r = list(r)\n        x, y = flat(r)\n        tensors = ",
            "x, y = flat(list(next_batch(ahead))[:n[0] + 1])\n",
        ],
    ),
    "a function within": (
        {
            "use": "def read():\n        x, y = ahead.dequeue()\n        return x, y\n"
            "    x, y = read()"
        },
        [AHEAD, "        x, y = next_batch(ahead)\n"],
    ),
    "functions that get it": (
        {
            "before": "def take(n, queue=None):\n    return again(queue, n)\n\n\n"
            "def again(q, n):\n    x, y = q.dequeue()\n    return x * n, y",
            "use": "x, y = take(2, queue=ahead)",
        },
        [AHEAD, "x, y = next_batch(q)\n"],
    ),
    "clones": (
        {
            "before": "from deployment import model_deploy",
            "use": "def clone(q):\n        x, y = q.dequeue()\n        return x, y\n"
            "    model_deploy.create_clones(size, clone, [ahead])\n    x, y = 1.0, 2.0",
        },
        [AHEAD, "x, y = next_batch(q)\n"],
    ),
    "spread": (
        {
            "inner": "with tf.name_scope('read'):\n        a = a * 2.0\n        b = b + 1",
        },
        ["        with name_scope('read'):\n            a = a * 2.0\n"],
    ),
}


@pytest.mark.parametrize(("parts", "found"), ARRANGED.values(), ids=list(ARRANGED))
def test_queues_become_steps(parts: dict[str, str], found: list[str]) -> None:
    text = rewritten(**parts)
    for part in found:
        assert part in text, text
    assert "prefetch_queue" not in text and "tf.train.batch" not in text and "LossModel" in text


def test_comments_stay() -> None:
    text = rewritten(
        get="# Read.\n    a, b = provider.get(['a', 'b'])  # both",
        batch="# Batch.\n    x, y = tf.train.batch([a, b], 8,  # few\n"
        "        capacity=9)  # batched",
        after="# Work.\n    y = y * 2.0  # twice",
        queue="# Ahead.\n    ahead = slim.prefetch_queue.prefetch_queue(\n"
        "        [x,  # first\n         y], capacity=2)  # two",
        use="# Take.\n    x, y = ahead.dequeue()  # one",
    )
    for word in "Read both Batch few batched Work twice Ahead first two Take one".split():
        assert text.count(f"# {word}") == 1, text
    for line in ("# Take.\n    x, y = next_batch(ahead)  # one\n", "    # Ahead.\n"):
        assert line in text


STAY = {
    "many at once": {"use": "x, y = ahead.dequeue_many(2)"},
    "its size": {"behind": "print(ahead.size())"},
    "closed": {"behind": "ahead.close()"},
    "given away": {"behind": "print(ahead)"},
    "returned": {"more": ", ahead"},
    "kept": {"behind": "data.queue = ahead"},
    "two batches": {"behind": "z = ahead.dequeue()"},
    "in a loop": {"use": "for _ in range(2):\n        x, y = ahead.dequeue()"},
    "in a list": {"use": "x, y = [ahead.dequeue() for _ in range(2)][0]"},
    "none": {"use": "y = x"},
    "a second queue": {"behind": "z = slim.prefetch_queue.prefetch_queue([a])\n    z.dequeue()"},
    "two names": {"behind": "other = ahead"},
    "perhaps another queue": {"behind": "if size:\n        ahead = data.queue"},
    "a tensor by a name of Python's": {
        "before": "from tensorflow import range",
        "inner": "n = range(size)",
        "behind": "print(n)",
    },
    "clones that are kept, too": {
        "before": "from deployment import model_deploy",
        "use": "def clone(q):\n        return q.dequeue()\n"
        "    model_deploy.create_clones(size, clone, [ahead])\n    x, y = data.keep(clone)",
    },
    "another value": {"behind": "ahead = size or ahead"},
    "a batch beside the queue": {"use": "z, y = ahead.dequeue()"},
    "an example beside the queue": {"behind": "print(a)"},
    "an example behind the batch": {"after": "y = y + b"},
    "a summary": {"after": "tf.summary.image('x', x)"},
    "layers": {"after": "x = slim.fully_connected(x, 4)"},
    "a capacity of the batch": {
        "queue": "ahead = slim.prefetch_queue.prefetch_queue([x, y], capacity=x.shape[0].value)"
    },
    "a capacity that is computed": {
        "queue": "ahead = slim.prefetch_queue.prefetch_queue([x, y], capacity=len(data.files))"
    },
    "a shared name": {
        "queue": "ahead = slim.prefetch_queue.prefetch_queue([x, y], shared_name='q')"
    },
    "a tensor that is used later": {"inner": "n = tf.size(a)", "behind": "print(n)"},
    "a number of an example": {"inner": "n = len(a.shape)", "behind": "print(n)"},
    "a number of what changes": {
        "inner": "data.files.append(1)\n    n = len(data.files)",
        "behind": "print(n)",
    },
    "a number that was another": {
        "get": "n = 1\n    a, b = provider.get(['a', 'b'])",
        "inner": "a = a * n\n    n = 2",
        "behind": "print(n)",
    },
    "a function of two callers": {
        "before": "def take(q):\n    return q.dequeue()\n\n\ndef show(q):\n    return take(q)",
        "use": "x, y = take(ahead)",
    },
    "a function that is kept": {
        "before": "def take(q):\n    return q.dequeue()\n\n\nTAKE = take",
        "use": "x, y = take(ahead)",
    },
    "a parameter of another value": {
        "before": "def take(q):\n    q = q or 1\n    return q.dequeue()",
        "use": "x, y = take(ahead)",
    },
    "a function that nobody knows": {"use": "x, y = data.take(ahead)"},
    "clones of another function": {
        "before": "from deployment import deploy",
        "use": "def clone(q):\n        return q.dequeue()\n"
        "    deploy.create_towers(size, clone, [ahead])\n    x, y = 1.0, 2.0",
    },
    "clones that are called, too": {
        "before": "from deployment import model_deploy",
        "use": "def clone(q):\n        return q.dequeue()\n"
        "    model_deploy.create_clones(size, clone, [ahead])\n    x, y = clone(data)",
    },
    "a queue of a batch in another": {
        "batch": "with tf.variable_scope('b'):\n        x, y = tf.train.batch([a, b], 8)"
    },
}


@pytest.mark.parametrize("parts", STAY.values(), ids=list(STAY))
def test_queues_that_stay(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "prefetch_queue(" in text and "tf.train.batch(" in text and ".map(" not in text
    assert "LossModel" not in text


def test_two_readings_of_an_example_stay() -> None:
    text = rewritten(inner="[c] = provider.get(['c'])\n    a = a + c")
    assert "tf.train.batch(" in text and ".map(" not in text


@pytest.mark.parametrize("opened", ["with tf.name_scope('input'):", "if True:"])
def test_a_block_of_its_own_in_the_loss(opened: str) -> None:
    source = f"""{HEAD}def train(data, folder):
    {opened}
        provider = slim.dataset_data_provider.DatasetDataProvider(data)
        a, b = provider.get(['a', 'b'])
        x, y = tf.train.batch([a, b], 8)
        ahead = slim.prefetch_queue.prefetch_queue([x, y])
    x, y = ahead.dequeue()
    loss = tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    text = output(result, "net.py") or ""
    assert "fully_connected(x, 1)" in text
    if "name_scope" not in opened:
        assert "tf.train.batch([a, b], 8)" in text and "LossModel" not in text
        return
    lines = [line.strip() for line in text.splitlines()]
    taken = lines.index("x, y = next_batch(ahead)")
    assert lines.index("ahead = batches.prefetch(tf.data.AUTOTUNE)") == taken - 1
    assert lines.index("model = LossModel(build_loss)") > taken


def test_devices_and_name_scopes_in_the_loss() -> None:
    source = f"""{HEAD}def train(data, folder):
    with tf.device('/cpu:0'):
        with tf.name_scope('input'):
            provider = slim.dataset_data_provider.DatasetDataProvider(data)
            a, b = provider.get(['a', 'b'])
        a = a * 2.0
        x, y = tf.train.batch([a, b], 8)
        ahead = slim.prefetch_queue.prefetch_queue([x, y])
    x, y = ahead.dequeue()
    loss = tf.losses.mean_squared_error(y, slim.fully_connected(x, 1))
    train_op = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=9)
"""
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    text = output(result, "net.py") or ""
    for part in ("device", "name_scope", "provider.get"):
        assert part not in text
    assert "            a = a * 2.0\n            return a, b\n" in text
    assert "        x, y = next_batch(ahead)\n        loss = tf." in text
