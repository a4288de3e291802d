"""Faults in how layers make a network: sharing, names, branches, sums."""

from slimport.verify.result import Status
from tests.verify.planted.fault import Fault

TWO = ((2, 8, 8, 3), (2, 8, 8, 3))

FAULTS = {
    "reuse_lost": Fault(
        "two layers instead of one that is called twice", "blocks:gated",
        r'variable_scope\("highway", reuse=AUTO_REUSE\)', 'variable_scope(None, "highway")',
        "variable", "highway_1/gate/weights", "", Status.EXTRA, around=True,
    ),
    "towers_of_their_own": Fault(
        "a second tower of its own", "blocks:towers",
        r'variable_scope\("tower", reuse=reuse\)',
        'variable_scope("tower_1" if reuse else "tower")',
        "variable", "tower_1/conv1/weights", "", Status.EXTRA,
        inputs=TWO, around=True, quick=False,
    ),
    "shared": Fault(
        "one layer that is called twice instead of two", "stacks:inverted",
        r'variable_scope\("block_%d" % number\)',
        'variable_scope("block_0", reuse=number > 0)',
        "variable", "block_1/expand/weights", 'scope="expand"', Status.MISSING, around=True,
        quick=False,
    ),
    "branches_swapped": Fault(
        "two branches of a concat swapped (all shapes stay)", "blocks:branches",
        r"\[one, three, five, pool\]", "[three, one, five, pool]",
        "output", "1/Mixed_1", "tf.concat",
    ),
    "wrong_branch": Fault(
        "a branch that begins at another tensor (all shapes stay)", "stacks:atrous",
        r"pooled = conv2d\(pooled, 5,", "pooled = conv2d(pooled + 0 * pooled * 2 - pooled / 2, 5,",
        "output", "output", "pooled", quick=False,
    ),
    "sum_lost": Fault(
        "a residual sum lost (all shapes stay)", "stacks:inverted",
        r"net \+= conv2d\(wide", "net = conv2d(wide",
        "output", "output", "net +=",
        quick=False,
    ),
    "shortcut_of_the_sum": Fault(
        "a shortcut that begins behind the first activation", "blocks:residual",
        r"shortcut = net if stride == 1", "shortcut = before if stride == 1",
        "output", "output", "return shortcut + residual", named="shortcut + residual",
        quick=False,
    ),
    "names_swapped": Fault(
        "the names of two blocks swapped: each has the other's weights", "stacks:inverted",
        r'"block_%d" % number', '"block_%d" % (1 - number)',
        "output", "output", 'scope="expand"', around=True,
    ),
    "weights_swapped": Fault(
        "the names of two layers swapped: a product of what they give the other way round",
        "others:attention",
        r'name="query"((?:.*\n)*?.*)name="key"', r'name="key"\1name="query"',
        "output", "1", "transpose_b", named="transpose_b", inputs=((2, 6, 7, 3),), quick=False,
    ),
    "renamed": Fault(
        "a layer renamed", "blocks:towers",
        r'(net = conv2d\(net, 8, 3, strides=2, name=)"conv2"', r'\1"conv_2"',
        "variable", "tower/conv2/weights", 'scope="conv2"', Status.MISSING, inputs=TWO,
        quick=False,
    ),
    "gate_inverted": Fault(
        "a gate taken the other way round", "blocks:gated",
        r"gate \* made \+ \(1\.0 - gate\) \* net", "gate * net + (1.0 - gate) * made",
        "output", "output", "gate * made",
        quick=False,
    ),
    "gradient_not_stopped": Fault(
        "a gradient that is no longer stopped (all values stay)", "others:taught",
        r"\w[\w.]*stop_gradient\(teacher\)", "teacher",
        "gradient", "teacher/biases", "stop_gradient", mode="training", alone=True,
    ),
    "gradient_stopped": Fault(
        "a gradient that is stopped where it was not", "blocks:squeezed",
        r"squeeze = keras\.ops\.mean\(net,",
        "squeeze = keras.ops.mean(keras.ops.stop_gradient(net),",
        "gradient", "conv/biases", 'scope="conv"', mode="training", alone=True,
        named='name="conv"', quick=False,
    ),
}  # fmt: skip
