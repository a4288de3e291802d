"""Faults in the SSD fixture's network: a quarter of the channels, up to the first module."""

from slimport.verify.result import Status
from tests.verify.planted.fault import Fault

NET = "nets.inception_v2:inception_v2_base"
CASE = """arg_scope = "nets.inception_utils:inception_arg_scope"
arg_scope_training_argument = "is_training"
arg_scope_args = { batch_norm_scale = true }
[case.args]
final_endpoint = "Mixed_3b"
depth_multiplier = 0.25
min_depth = 8
use_separable_conv = false
"""
SMALL = {"inputs": ((2, 32, 32, 3),), "case": CASE}
UTILS = "nets.inception_utils"

FAULTS = {
    # Keras' L2(l) is l * sum(w^2), slim's l2_regularizer(l) half of it.
    "detector_l2_doubled": Fault(
        "an L2 factor doubled, in the arg_scope of another module", NET,
        r"0\.5 \* weight_decay", "weight_decay",
        "regularisation", "Conv2d_1a_7x7/weights", "", mode="training", alone=True,
        module=UTILS, defaults=True, **SMALL,
        quick=False,
    ),
    # Keras' default in place of slim's.
    "detector_momentum": Fault(
        "batch norm momentum 0.99 for 0.9997, in the arg_scope of another module", NET,
        r"(['\"]?(decay|momentum)['\"]?(: |=))batch_norm_decay", r"\g<1>0.99",
        "update", "Conv2d_1a_7x7/BatchNorm/moving_mean", "", mode="training", alone=True,
        module=UTILS, defaults=True, **SMALL,
    ),
    "detector_padding_valid": Fault(
        "one convolution `valid` instead of `same`", NET,
        r"name='Conv2d_2c_3x3'", r"\g<0>, padding='valid'",
        "output", "Conv2d_2c_3x3", "", **SMALL,
        quick=False,
    ),
    # As other frameworks pad: three pixels on each side. SAME takes two and three; every shape
    # stays, the picture moves by one pixel.
    "detector_padding_symmetric": Fault(
        "symmetric padding for `SAME` at stride 2 (all shapes stay)", NET,
        r"conv2d\(net, (depth\(64\), \[7, 7\], strides=2),",
        r"conv2d(keras.ops.pad(net, [[0, 0], [3, 3], [3, 3], [0, 0]]), \1, padding='valid',",
        "output", "Conv2d_1a_7x7", "", **SMALL,
        quick=False,
    ),
    # Two branches of equal depth: no shape gives it away.
    "detector_branches_swapped": Fault(
        "two branches of a concat swapped (all shapes stay)", NET,
        r"concatenate\(\[(\w+), (\w+),", r"concatenate([\2, \1,",
        "output", "Mixed_3b", "tf.concat", **SMALL,
        quick=False,
    ),
    # Convolution and batch norm written as two calls, the convolution with its default bias.
    "detector_bias_kept": Fault(
        "a bias kept under batch norm", NET,
        r"( *)(net = conv2d\([^()]*\(64\)[^()]*\([^()]*\)[^()]*name='Conv2d_2b_1x1')\)",
        r"\1\2, normalizer=None, activation=None)" "\n"
        r"\1with variable_scope('Conv2d_2b_1x1'):" "\n"
        r"\1  net = batch_norm(net, momentum=0.9997, scale=True, activation='relu',"
        r" name='BatchNorm')",
        "variable", "InceptionV2/Conv2d_2b_1x1/biases", "", Status.EXTRA, **SMALL,
        quick=False,
    ),
}  # fmt: skip
