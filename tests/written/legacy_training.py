"""A training of TensorFlow 1 by given gradients, with a Saver; a script under CPython 3.7, too.

python3.7 tests/written/legacy_training.py FOLDER '{"optimizer": "Adam", "arguments": {}}'
"""

import json
import sys

import numpy as np

SHAPES = {"a/fc/weights": (4, 3), "a/fc/biases": (3,), "b/weights": (3, 2), "b/biases": (2,)}


def start():
    """What the variables begin with."""
    random = np.random.RandomState(3)
    return {name: random.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def gradients(step):
    """The gradients of a step by variable; their size changes."""
    random = np.random.RandomState(step)
    size = 1 + step % 3
    return {n: (size * random.normal(size=s)).astype("float32") for n, s in SHAPES.items()}


def train(
    v1,
    folder,
    optimizer,
    arguments,
    steps=(3, 6),
    restore=None,
    scope="",
    schedule=False,
    decay=None,
    lacking=(),
):
    """Makes steps, and returns the checkpoints that are saved after some of them.

    Args:
        v1: TensorFlow 1.
        folder: Where they are.
        optimizer: The optimizer's class, without "Optimizer".
        arguments: Its arguments beside the learning rate.
        steps: When to save.
        restore: A checkpoint to begin with: the first step is the one that follows.
        scope: The scope that is open when slots are made.
        schedule: Whether the learning rate changes.
        decay: Of moving averages; None for none.
        lacking: Variables without gradients.
    """
    with v1.Graph().as_default(), v1.Session() as session:
        values = start().items()
        variables = [v1.get_variable(n, initializer=v, use_resource=True) for n, v in values]
        step = v1.train.get_or_create_global_step()
        rate = v1.train.exponential_decay(0.1, step, 2, 0.7, staircase=True) if schedule else 0.1
        fed = {name: v1.placeholder("float32", shape) for name, shape in SHAPES.items()}
        pairs = [(fed[v.op.name], v) for v in variables if v.op.name not in lacking]
        with v1.variable_scope(scope or v1.get_variable_scope()):
            made = getattr(v1.train, optimizer + "Optimizer")(rate, **arguments)
            operation = made.apply_gradients(pairs, step)
            if decay:
                with v1.control_dependencies([operation]):
                    operation = v1.train.ExponentialMovingAverage(decay).apply(variables)
        saver = v1.train.Saver(max_to_keep=None)
        session.run(v1.global_variables_initializer())
        if restore:
            saver.restore(session, restore)
        found = []
        for number in range(session.run(step), steps[-1]):
            given = gradients(number)
            session.run(operation, {fed[name]: given[name] for name in given})
            if number + 1 in steps:
                found.append(saver.save(session, folder + "/model.ckpt", number + 1))
    return found


if __name__ == "__main__":
    import tensorflow as tf

    assert tf.__version__.startswith("1."), tf.__version__
    train(tf, sys.argv[1], **json.loads(sys.argv[2]))
