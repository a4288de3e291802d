"""Trains a small network in many ways under TensorFlow 1.15; says what each variable is for.

python3.7 tests/weights/roles_of_tf1.py > tests/weights/data/roles_of_tf1.txt

A line for each case, and one for each variable: its name, shape, dtype, role, and whose slot or
shadow it is. With a folder as argument, each case's checkpoint and values are written there.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
import tensorflow.contrib.opt as contrib_opt
import tensorflow.contrib.slim as slim

train = tf.train
tf.logging.set_verbosity(tf.logging.ERROR)

# Under a name of one's own there is no other sign of what made a slot.
OPTIMIZERS = {
    "GradientDescent": lambda: train.GradientDescentOptimizer(0.1),
    "Momentum": lambda: train.MomentumOptimizer(0.1, 0.9),
    "Adam": lambda: train.AdamOptimizer(0.1),
    "RMSProp": lambda: train.RMSPropOptimizer(0.1),
    "RMSProp, centered": lambda: train.RMSPropOptimizer(0.1, centered=True),
    "Adagrad": lambda: train.AdagradOptimizer(0.1),
    "Adadelta": lambda: train.AdadeltaOptimizer(0.1),
    "Ftrl": lambda: train.FtrlOptimizer(0.1),
    "Ftrl, slots named": lambda: train.FtrlOptimizer(0.1, accum_name="acc", linear_name="lin"),
    "ProximalAdagrad": lambda: train.ProximalAdagradOptimizer(0.1),
    "ProximalGradientDescent": lambda: train.ProximalGradientDescentOptimizer(0.1),
    "AdagradDA": lambda: train.AdagradDAOptimizer(0.1, train.get_or_create_global_step()),
    "AdaMax": lambda: contrib_opt.AdaMaxOptimizer(0.1),
    "Nadam": lambda: contrib_opt.NadamOptimizer(0.1),
    "PowerSign": lambda: contrib_opt.PowerSignOptimizer(0.1),
    "Shampoo": lambda: contrib_opt.ShampooOptimizer(train.get_or_create_global_step()),
    "Momentum, named": lambda: train.MomentumOptimizer(0.1, 0.9, name="my_opt"),
    "Adam, named": lambda: train.AdamOptimizer(0.1, name="solver"),
    "Adam, a path for a name": lambda: train.AdamOptimizer(0.1, name="opt/fast"),
}


def network(**batch_norm):
    """A loss; batch norm takes what is given."""
    images = tf.random_normal([2, 6, 6, 3])
    params = dict(batch_norm, is_training=True, scale=True)
    with tf.variable_scope("Mini"):
        net = slim.conv2d(
            images, 4, 3, scope="conv1", normalizer_fn=slim.batch_norm, normalizer_params=params
        )
        net = slim.fully_connected(tf.reduce_mean(net, [1, 2]), 5, scope="logits")
    return tf.reduce_mean(tf.square(net))


class Case:
    """A graph in the making, and what its variables are for."""

    def __init__(self):
        self.roles = {}
        self.ops = []

    def minimize(self, optimizer, loss, step=True):
        """Adds an optimizer and notes its slots."""
        global_step = train.get_or_create_global_step() if step else None
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            self.ops.append(optimizer.minimize(loss, global_step))
        inner = getattr(optimizer, "_optimizer", optimizer)
        for variable in tf.trainable_variables():
            for name in inner.get_slot_names():
                slot = inner.get_slot(variable, name)
                if slot is not None:
                    self.roles[slot.op.name] = ("optimizer slot", variable.op.name)
        for variable in inner.variables():
            self.roles.setdefault(variable.op.name, ("optimizer slot", ""))
        return self

    def average(self, variables, **given):
        """Adds moving averages and notes the shadows."""
        average = train.ExponentialMovingAverage(0.9, **given)
        self.ops.append(average.apply(variables))
        for variable in variables:
            self.roles[average.average(variable).op.name] = ("EMA shadow", variable.op.name)
        return self

    def role(self, variable):
        """Returns a variable's role and owner."""
        if variable in tf.trainable_variables():
            return "weight", ""
        if variable is train.get_global_step():
            return "step", ""
        return self.roles.get(variable.op.name, ("moving statistic", ""))


def optimized(make, scope=None, name_scope=None, **batch_norm):
    """A case of one optimizer."""
    case, loss = Case(), network(**batch_norm)
    with tf.variable_scope(scope or tf.get_variable_scope()), tf.name_scope(name_scope):
        return case.minimize(make(), loss)


def averaged(make, variables, scope=None, **given):
    """A case of one optimizer and averages."""
    case = optimized(make, scope)
    with tf.variable_scope(scope or tf.get_variable_scope()):
        return case.average(variables(), **given)


def floats():
    """All variables that can be averaged, slots included."""
    return [v for v in tf.global_variables() if v.dtype.base_dtype == tf.float32]


def two_optimizers():
    """Two of a name, and a third."""
    case, loss = Case(), network()
    case.minimize(train.AdamOptimizer(0.1), loss).minimize(train.AdamOptimizer(0.01), loss, False)
    return case.minimize(train.MomentumOptimizer(0.1, 0.9), loss, False)


def averages_of_losses():
    """Shadows of tensors."""
    case, loss = Case(), network()
    case.minimize(train.AdamOptimizer(0.1), loss)
    average = train.ExponentialMovingAverage(0.9, name="avg")
    case.ops.append(average.apply([loss, tf.identity(loss, "total_loss")]))
    case.roles["Mean/avg"] = ("EMA shadow", "Mean")
    case.roles["total_loss/avg"] = ("EMA shadow", "total_loss")
    return case


def moments_by_hand():
    """Batch norm as it was written before tf.layers."""
    case, x = Case(), tf.random_normal([4, 3])
    with tf.variable_scope("bn"):
        gamma, beta = tf.get_variable("gamma", [3]), tf.get_variable("beta", [3])
        mean, variance = tf.nn.moments(x, [0])
        case.ops.append(train.ExponentialMovingAverage(0.9).apply([mean, variance]))
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
    return case.minimize(train.AdamOptimizer(), tf.reduce_sum(y))


def averaging_optimizer():
    """tf.contrib.opt's wrapper, which the Object Detection API used."""
    inner = train.RMSPropOptimizer(0.1, momentum=0.9)
    optimizer = contrib_opt.MovingAverageOptimizer(inner, 0.9)
    case = Case().minimize(optimizer, network())
    for variable in tf.trainable_variables():
        name = variable.op.name
        case.roles[name + "/ExponentialMovingAverage"] = ("EMA shadow", name)
    return case


def quantized():
    """tf.contrib.quantize adds ranges, and averages of ranges."""
    loss = network()
    tf.contrib.quantize.create_training_graph(quant_delay=0)
    return Case().minimize(train.AdamOptimizer(), loss)


def everything_in_a_scope():
    """The network, the step and the slots; weights whose names begin like others'."""
    with tf.variable_scope("tower"):
        tf.get_variable("global_step", [], tf.int64, trainable=False, collections=[
            tf.GraphKeys.GLOBAL_STEP, tf.GraphKeys.GLOBAL_VARIABLES,
        ], initializer=tf.zeros_initializer())  # fmt: skip
        loss = network()
        for name, shape in {
            "conv": [3, 3],
            "conv/biases": [3],
            "out": [3],
            "out/bias": [3],
        }.items():
            loss += tf.reduce_sum(tf.get_variable(name, shape))
        return Case().minimize(train.AdamOptimizer(), loss)


def keras_optimizer():
    """tf.keras in a graph."""
    dense = tf.keras.layers.Dense(4, input_shape=(3,))
    model = tf.keras.Sequential([dense, tf.keras.layers.BatchNormalization()])
    model.compile("adam", "mse")
    model._make_train_function()
    case = Case()
    for variable in model.optimizer.weights + list(model.optimizer._hyper.values()):
        case.roles[variable.op.name] = ("optimizer slot", "")
        for weight in tf.trainable_variables():
            if "/%s/" % weight.op.name in variable.op.name:  # noqa: UP031
                case.roles[variable.op.name] = ("optimizer slot", weight.op.name)
    case.roles[model.optimizer.iterations.op.name] = ("step", "")
    return case


def in_parts():
    """Divided variables."""
    with tf.variable_scope("", partitioner=tf.fixed_size_partitioner(3)):
        loss = network()
    return Case().minimize(train.AdamOptimizer(), loss)


momentum, rmsprop = OPTIMIZERS["Momentum"], OPTIMIZERS["RMSProp"]
CASES = dict(
    {name: lambda make=make: optimized(make) for name, make in OPTIMIZERS.items()},
    **{
        "in a variable scope": lambda: optimized(OPTIMIZERS["Adam"], "train/inner"),
        "in a name scope": lambda: optimized(OPTIMIZERS["Adam"], name_scope="train"),
        "two optimizers": two_optimizers,
        "averages": lambda: averaged(momentum, tf.trainable_variables),
        "averages named avg": lambda: averaged(momentum, tf.trainable_variables, name="avg"),
        "averages of a model": lambda: averaged(rmsprop, slim.get_model_variables, name="polyak"),
        "averages of all": lambda: averaged(momentum, floats),
        "averages in a scope": lambda: averaged(momentum, tf.trainable_variables, "train"),
        "averages of losses": averages_of_losses,
        "MovingAverageOptimizer": averaging_optimizer,
        "moments by hand": moments_by_hand,
        "zero_debias": lambda: optimized(momentum, zero_debias_moving_mean=True),
        "renorm": lambda: optimized(momentum, renorm=True),
        "quantized": quantized,
        "everything in a scope": everything_in_a_scope,
        "tf.keras": keras_optimizer,
        "in parts": in_parts,
    },
)


def described(variables, case):
    """Returns a line for each variable of the file, divided ones whole."""
    lines = set()
    for variable in variables:
        slices = variable._save_slice_info
        role, of = case.role(variable)
        name, shape = variable.op.name, variable.shape.as_list()
        if slices is not None:
            name, shape = slices.full_name, list(slices.full_shape)
            of = of.rpartition("/part_")[0]
        sizes = "x".join(map(str, shape))
        lines.add("  %s|%s|%s|%s|%s" % (name, sizes, variable.dtype.base_dtype.name, role, of))  # noqa: UP031
    return sorted(lines)


def values(session):
    """Returns the values of all variables, divided ones whole."""
    found = {}
    for variable in tf.global_variables():
        value, part = session.run(variable), variable._save_slice_info
        if part is None:
            found[variable.op.name] = value
            continue
        whole = found.setdefault(part.full_name, np.zeros(part.full_shape, value.dtype))
        ends = [begin + length for begin, length in zip(part.var_offset, part.var_shape)]  # noqa: B905
        whole[tuple(map(slice, part.var_offset, ends))] = value
    return found


def write(folder, number, session):
    """Saves, every other time in the old format, and keeps the values."""
    version = train.SaverDef.V1 if number % 2 else train.SaverDef.V2
    prefix = os.path.join(folder, "case%d" % number, "model.ckpt")  # noqa: PTH118, UP031
    os.makedirs(os.path.dirname(prefix))  # noqa: PTH103, PTH120
    train.Saver(write_version=version).save(session, prefix)
    arrays = {name.replace("/", "\\"): value for name, value in values(session).items()}
    np.savez(prefix + ".npz", **arrays)


def main(folder=None):
    """Goes through the cases."""
    for number, (title, make) in enumerate(sorted(CASES.items())):
        with tf.Graph().as_default():
            tf.set_random_seed(number)
            case = make()
            print(title)
            print("\n".join(described(tf.global_variables(), case)))
            if folder is None:
                continue
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                session.run(case.ops)
                write(folder, number, session)


if __name__ == "__main__":
    main(*sys.argv[1:])
