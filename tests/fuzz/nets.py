"""Random networks of slim's own ops, keywords and scopes, which the old side can run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.forms import form

IMPORTS = (
    "import tensorflow as tf\nimport tf_slim as slim",
    "import tensorflow as tf\nfrom tensorflow.contrib import slim",
    "import tensorflow as tf\nimport tensorflow.contrib.slim as slim",
    "import tensorflow as tf\nslim = tf.contrib.slim",
)
_ACTIVATIONS = (
    "None", "tf.nn.relu", "tf.nn.relu6", "tf.nn.elu", "tf.nn.sigmoid", "tf.tanh", "tf.nn.softplus",
    "tf.nn.leaky_relu", "tf.identity", "lambda y: tf.maximum(y, 0.1 * y)",
)  # fmt: skip
_INITIALIZERS = (
    "tf.truncated_normal_initializer(stddev=0.05)", "tf.random_normal_initializer(0.0, 0.02)",
    "slim.xavier_initializer(uniform=False)", "slim.variance_scaling_initializer()",
    "tf.constant_initializer(0.1)", "tf.random_uniform_initializer(-0.1, 0.1)",
    "slim.variance_scaling_initializer(factor=1.0, mode='FAN_AVG', uniform=True)",
)  # fmt: skip
_BIASES = ("None", "tf.zeros_initializer()", "tf.constant_initializer(0.5)")
_REGULARIZERS = (
    "None", "slim.l2_regularizer(0.0005)", "slim.l1_regularizer(0.01)", "slim.l2_regularizer(0.0)",
    "slim.l1_l2_regularizer(0.001, 0.002)",
    "slim.sum_regularizer([slim.l2_regularizer(0.1), slim.l1_regularizer(0.2)])",
)  # fmt: skip
_NORM: dict[str, Sequence[str]] = {
    "decay": ("0.9", "0.997"),
    "center": ("True", "False"),
    "scale": ("True", "False"),
    "epsilon": ("1e-5", "0.01"),
    "is_training": ("is_training", "is_training", "False"),
    "updates_collections": ("None", "tf.GraphKeys.UPDATE_OPS"),
    "fused": ("True", "False", "None"),
    "trainable": ("True", "False"),
    "activation_fn": ("tf.nn.relu", "None"),
}
_COMMON: dict[str, Sequence[str]] = {
    "activation_fn": _ACTIVATIONS,
    "weights_initializer": _INITIALIZERS,
    "weights_regularizer": _REGULARIZERS,
    "biases_initializer": _BIASES,
    "biases_regularizer": _REGULARIZERS,
    "normalizer_fn": ("slim.batch_norm", "slim.batch_norm", "None"),
    "trainable": ("True", "False"),
}
_PLACE: dict[str, Sequence[str]] = {
    "stride": ("1", "2", "[2, 1]"),
    "padding": ("'SAME'", "'VALID'", "'same'"),
}
_KERNELS = ("3", "[3, 3]", "1", "[1, 3]", "(3, 2)", "2")
_POOLS: dict[str, Sequence[str]] = {"stride": ("1", "2"), "padding": ("'SAME'", "'VALID'")}
# Keywords that may be handed over, and set by a scope, with some values of each.
OPS: dict[str, dict[str, Sequence[str]]] = {
    "conv2d": {**_COMMON, **_PLACE, "rate": ("1", "1", "2")},
    "conv2d_transpose": {**_COMMON, **_PLACE, "stride": ("1", "2")},
    "separable_conv2d": {**_COMMON, **_PLACE, "stride": ("1", "2"),
                         "pointwise_initializer": _INITIALIZERS},
    "conv2d_in_plane": {**_COMMON, "stride": ("1", "2"), "padding": _PLACE["padding"]},
    "fully_connected": _COMMON,
    "batch_norm": _NORM,
    "layer_norm": {k: _NORM[k] for k in ("center", "scale", "trainable", "activation_fn")},
    "instance_norm": {k: _NORM[k] for k in ("center", "scale", "epsilon", "activation_fn")},
    "bias_add": {"activation_fn": _ACTIVATIONS, "initializer": _BIASES[1:],
                 "regularizer": _REGULARIZERS},
    "max_pool2d": _POOLS,
    "avg_pool2d": _POOLS,
    "dropout": {"keep_prob": ("0.5", "0.8", "1.0"), "is_training": _NORM["is_training"]},
}  # fmt: skip
# Those with a plain Keras layer.
_PLAIN = (
    "avg_pool2d", "batch_norm", "conv2d", "conv2d_transpose", "dropout", "fully_connected",
    "max_pool2d",
)  # fmt: skip
_TENSORS = (
    "net = tf.nn.relu(net)", "net = net * 0.5 + 0.1",
    "net = tf.concat(axis=-1, values=[net, net])",
    "net = tf.pad(net, [[0, 0], [1, 1], [0, 1], [0, 0]])",
    "net = tf.pad(net, [[0, 0], [1, 1], [1, 1], [0, 0]], mode='REFLECT')",
    "net = tf.concat([net, tf.nn.relu(net)], 3)", "net = tf.transpose(net, [0, 2, 1, 3])",
    "net = net - tf.reduce_mean(net, [1, 2], keep_dims=True)",
)  # fmt: skip
_OF_TENSORFLOW = (
    "net = tf.identity(net)", "net = tf.nn.l2_normalize(net, 3)",
    "net = tf.image.resize_bilinear(net, [9, 8])",
    "net = tf.image.resize_nearest_neighbor(net, [9, 8])",
    "net = tf.nn.lrn(net, 2, bias=1.0, alpha=0.001, beta=0.75)",
    "net = tf.nn.max_pool(net, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')",
)  # fmt: skip
#: A literal True, the default, means "while Keras trains" in migrated code.
TOLD = "slim.arg_scope([slim.batch_norm, slim.dropout], is_training=is_training)"
HELPER = """
def block(net, depth, is_training=True, scope=None):
    with tf.variable_scope(scope, 'block', [net]):
        shortcut = slim.conv2d(net, depth, 1, stride=1, activation_fn=None, scope='shortcut')
        net = slim.conv2d(net, depth, [3, 3], stride=1, padding='SAME')
        net = slim.batch_norm(net, is_training=is_training, scope='norm')
        return tf.nn.relu(shortcut + net)
"""


class Writer:
    """Writes one network, or functions of one.

    Args:
        choice: where its random choices come from.
        plain: whether it holds nothing that keeps a function from its plain form; half do.
        flat: whether it may end in a tensor of rank 2.
        block: what the function `HELPER` is called by, if it is to be called.
    """

    def __init__(
        self, choice: Random, plain: bool | None = None, flat: bool = True, block: str = ""
    ) -> None:
        self._choice = choice
        self._plain = choice.random() < 0.5 if plain is None else plain
        self._may_be_flat = flat
        self._left_out = ("trainable", "updates_collections", "fused") if self._plain else ()
        self._ops = {name: OPS[name] for name in (_PLAIN if self._plain else OPS)}
        self._lines: list[str] = []
        self._depth = 1
        self._rank = 4
        self._count = 0
        self._loops = 0
        self._formed = choice.random() < 0.6
        self._block = block
        self._functions: list[str] = []
        self._modules: set[str] = set()

    def program(self) -> str:
        """Its text: ``net(images, is_training)`` and what it calls."""
        rich = not self._plain
        if rich and self._choice.random() < 0.3:
            self._block = "block"
            self._functions.append(HELPER)
        opened = "scopes" if rich and self._choice.random() < 0.3 else ""
        if opened:
            self._functions.append(self.scope_function(opened))
            opened = f"slim.arg_scope({opened}(is_training))"
        self._write("end_points = {}")
        self._write("net = images")
        self._write(f"with {TOLD}:")
        self._depth += 1
        if opened:
            self._below(opened, lambda: self._statements(self._choice.randint(3, 6)))
        self._statements(self._choice.randint(3, 7))
        self._depth -= 1
        self._write("return net, end_points")
        body = self._taken()
        network = f"{self.above()}\n\n\ndef net(images, is_training=True):\n{body}\n"
        return "\n".join([*self._imports(), "", respelled(network, self._choice)])

    def above(self) -> str:
        """Imports of Python's own modules, and the functions that the network calls."""
        modules = "".join(f"import {name}\n" for name in sorted(self._modules))
        return modules + "\n\n\n".join(self._functions)

    def _imports(self) -> list[str]:
        return [self._choice.choice(IMPORTS)]

    def part(self, count: int, depth: int) -> str:
        """Statements that make `net` of `net` and return it, beside a dictionary `end_points`.

        Args:
            count: how many.
            depth: how deep they are indented.
        """
        self._depth, self._rank = depth, 4
        self._statements(count)
        self._write("return net")
        return self._taken()

    def _taken(self) -> str:
        lines, self._lines = self._lines, []
        return "\n".join(lines)

    # Statements --------------------------------------------------------------------------------

    def _statements(self, count: int) -> None:
        for _ in range(count):
            kinds = [self._layer] * 6 + [self._scoped] * 3
            if self._rank == 4:
                kinds += [self._layer] * 2 + [self._tensor, self._flat]
            if self._rank == 4 and not self._plain:
                kinds += [self._repeated, self._looped, self._shared, self._branches, self._called]
            if self._rank == 4 and self._formed and not self._loops:
                kinds += [self._form] * 6
            self._choice.choice(kinds)()
            if self._choice.random() < 0.3 and not self._loops:
                self._write(f"end_points['e{self._number()}'] = net")

    def _layer(self) -> None:
        names = [n for n in self._ops if n != "fully_connected"] + ["conv2d"] * 6
        if self._rank == 2:
            names = ["fully_connected"] * 3 + ["batch_norm", "layer_norm", "dropout", "bias_add"]
            names = [name for name in names if name in self._ops]
        self._write(f"net = {self._call(self._choice.choice(names), 'net')}")

    def _call(self, op: str, value: str, fixed: Sequence[str] = ()) -> str:
        """A call of an op with some keywords, positional where it may be."""
        given = [value]
        if op in ("conv2d", "conv2d_transpose", "fully_connected"):
            given.append(self._choice.choice(("3", "4", "5")))
        elif op == "separable_conv2d":
            given.append(self._choice.choice(("None", "4", "5")))
        if op.startswith(("conv", "separable")) or "pool" in op:
            given.append(self._choice.choice(_KERNELS))
        if op == "separable_conv2d":
            given.append(self._choice.choice(("depth_multiplier=2", "depth_multiplier=1")))
        keywords = self._keywords(op, 2 if self._choice.random() < 0.7 else 4)
        taken = {argument.partition("=")[0] for argument in fixed}
        given += [f"{name}={value}" for name, value in keywords.items() if name not in taken]
        named = any(argument.startswith("scope=") for argument in fixed)
        often = 0.95 if self._plain else 0.6
        if not named and not self._loops and self._choice.random() < often:
            given.append(f"scope='{op}_{self._number()}'")
        return f"slim.{op}({', '.join([*given, *fixed])})"

    def _keywords(self, op: str, most: int) -> dict[str, str]:
        known = {name: self._ops[op][name] for name in self._ops[op] if name not in self._left_out}
        names = self._choice.sample(sorted(known), self._choice.randint(0, min(most, len(known))))
        found = {name: self._choice.choice(known[name]) for name in names}
        if found.get("rate") == "2":
            found["stride"] = "1"
        if found.get("normalizer_fn") == "slim.batch_norm" and self._choice.random() < 0.7:
            found["normalizer_params"] = self._parameters()
        return found

    def _parameters(self) -> str:
        known = sorted(_NORM.keys() - {*self._left_out})
        names = self._choice.sample(known, self._choice.randint(1, 4))
        items = (f"'{name}': {self._choice.choice(_NORM[name])}" for name in names)
        return f"{{{', '.join(items)}}}"

    def _tensor(self) -> None:
        self._write(self._choice.choice(_TENSORS if self._plain else (*_TENSORS, *_OF_TENSORFLOW)))

    def _repeated(self) -> None:
        choice = self._choice
        named = f", scope='r{self._number()}'" if choice.random() < 0.6 else ""
        self._write(
            choice.choice(
                (
                    f"net = slim.repeat(net, 2, slim.conv2d, 4, [3, 3]{named})",
                    f"net = slim.repeat(net, 3, slim.conv2d, 3, 1, activation_fn=tf.nn.elu{named})",
                    f"net = slim.stack(net, slim.conv2d, [(3, [3, 3]), (4, [1, 1])]{named})",
                    f"net = slim.repeat(net, 2, slim.separable_conv2d, 4, 3, 1{named})",
                    f"net = slim.stack(net, slim.conv2d, [[4, 1], [5, 3]], padding='SAME'{named})",
                )
            )
        )

    def _looped(self) -> None:
        number = self._number()
        self._write(f"for i in range({self._choice.choice((2, 3))}):")
        self._loops += 1
        self._depth += 1
        named = f"'l{number}_%d' % i" if self._choice.random() < 0.6 else "None"
        self._write(f"net = {self._call('conv2d', 'net', (f'scope={named}', 'stride=1'))}")
        self._depth -= 1
        self._loops -= 1

    def _shared(self) -> None:
        number = self._number()
        call = self._call("conv2d", "net", ("scope='s'", "stride=1", "padding='SAME'"))
        self._write(f"with tf.variable_scope('v{number}'):")
        self._write(f"    first = {call}")
        reused = self._choice.choice((f"'v{number}', reuse=True", f"'v{number}', None, reuse=True"))
        self._write(f"with tf.variable_scope({reused}):")
        self._write(f"    second = {call.replace('(net', '(tf.nn.relu(net)')}")
        self._write("net = first + second")

    def _branches(self) -> None:
        fixed = ("stride=1", "padding='SAME'")
        number = self._number()
        with_scopes = self._choice.random() < 0.5
        for at in range(2):
            if with_scopes:
                self._write(f"with tf.variable_scope('branch{number}_{at}'):")
            self._depth += with_scopes
            self._write(f"branch_{at} = {self._call('conv2d', 'net', fixed)}")
            self._depth -= with_scopes
        self._write("net = tf.concat([branch_0, branch_1], 3)")

    def _called(self) -> None:
        if not self._block:
            return self._layer()
        named = f", scope='b{self._number()}'" if self._choice.random() < 0.5 else ""
        self._write(f"net = {self._block}(net, 4, is_training{named})")
        return None

    def _form(self) -> None:
        found = form(self._choice, self._number())
        for line in found.body.splitlines():
            self._write(line)
        if found.functions:
            self._functions.append(found.functions)
        self._modules.update(found.imports)

    def _flat(self) -> None:
        if self._depth > 2 or self._loops or not self._may_be_flat:
            return self._layer()
        self._rank = 2
        self._write(
            self._choice.choice(
                (
                    "net = slim.flatten(net)", "net = slim.flatten(net, scope='flat')",
                    "net = tf.reduce_mean(net, [1, 2])",
                    "net = tf.squeeze(tf.reduce_mean(net, [1, 2], keep_dims=True), [1, 2])",
                )
            )
        )  # fmt: skip
        return None

    # Scopes ------------------------------------------------------------------------------------

    def _scoped(self) -> None:
        number = self._number()
        forms = [
            f"tf.variable_scope('scope{number}')",
            *(self._arg_scope() for _ in range(4)),
            f"tf.variable_scope('w{number}'), {self._arg_scope()}",
            f"{self._arg_scope()}, {self._arg_scope()}",
        ]
        if not self._plain:
            forms += [
                f"tf.variable_scope(None, 'unit{number % 3}')",
                f"tf.name_scope('n{number}')",
                f"tf.variable_scope('scope{number}', 'other', [net])",
            ]
        self._below(
            self._choice.choice(forms), lambda: self._statements(self._choice.randint(1, 3))
        )

    def _below(self, opened: str, write: Callable[[], None]) -> None:
        if self._depth > 4:
            return
        self._write(f"with {opened}:")
        self._depth += 1
        start = len(self._lines)
        write()
        if len(self._lines) == start:
            self._write("pass")
        self._depth -= 1

    def _arg_scope(self) -> str:
        """``slim.arg_scope([...], ...)`` with keywords that all of its ops take."""
        first = self._choice.choice(("conv2d", "conv2d", *self._ops))
        keywords = self._keywords(first, 3)
        fitting = [
            op
            for op in self._ops
            if keywords.keys() - {"normalizer_params"} <= self._ops[op].keys()
        ]
        others = [op for op in fitting if op != first and self._choice.random() < 0.4]
        if "normalizer_params" in keywords:
            others = [op for op in others if "normalizer_fn" in self._ops[op]]
        ops = ", ".join(f"slim.{op}" for op in (first, *others))
        given = "".join(f", {name}={value}" for name, value in keywords.items())
        return f"slim.arg_scope([{ops}]{given})"

    def scope_function(self, name: str) -> str:
        """A function that returns scopes."""
        inner = self._arg_scope()
        return (
            f"\ndef {name}(is_training=True, weight_decay=0.004):\n"
            f"    with {self._arg_scope()}:\n"
            f"        with {inner} as sc:\n"
            "            return sc\n"
        )

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _write(self, line: str) -> None:
        self._lines.append("    " * self._depth + line)


_LONGER = {
    "conv2d": "convolution2d",
    "conv2d_transpose": "convolution2d_transpose",
    "separable_conv2d": "separable_convolution2d",
}
_OF_LAYERS = frozenset(
    """batch_norm bias_add conv2d conv2d_in_plane conv2d_transpose dropout flatten fully_connected
    l1_l2_regularizer l1_regularizer l2_regularizer layer_norm max_pool2d avg_pool2d repeat
    separable_conv2d stack sum_regularizer variance_scaling_initializer
    xavier_initializer""".split()
)
_OF_FRAMEWORK = frozenset({"add_arg_scope", "arg_scope", "model_variable"})


def respelled(text: str, choice: Random) -> str:
    """A text of which some names of slim are those of the other modules that have them."""
    share = choice.choice((0.0, 0.0, 0.2, 0.8))

    def other(found: re.Match[str]) -> str:
        name = found[1]
        if choice.random() >= share:
            return found[0]
        if name in _OF_FRAMEWORK:
            return f"tf.contrib.framework.{name}"
        if name not in _OF_LAYERS:
            return found[0]
        spelled = choice.choice((name, _LONGER.get(name, name)))
        return choice.choice((f"tf.contrib.layers.{spelled}", f"slim.layers.{name}"))

    return re.sub(r"(?<![\w.])slim\.(\w+)\b(?!\.)", other, text)


def network(seed: int) -> str:
    """The text of one random network."""
    return Writer(Random(seed)).program()
