"""Faults in single layers: paddings, strides, windows, rates, activations, biases, dropout."""

from slimport.verify.result import Status
from tests.verify.planted.fault import Fault

FAULTS = {
    "padding_valid": Fault(
        "a strided convolution `valid` instead of `same`", "stacks:paddings",
        r'12, \[1, 4\], strides=\[1, 2\], padding="same"', "12, [1, 4], strides=[1, 2]",
        "output", "1/wide", 'scope="wide"',
        inputs=((2, 16, 16, 3),),
        quick=False,
    ),
    "padding_in_front_of_dense": Fault(
        "`valid` instead of `same`, which gives a dense layer behind it another kernel",
        "stacks:dropped",
        r'padding="same", (activation="relu", name="conv"\n)', r"\1",
        "variable", "fc1/weights", 'scope="conv"',
    ),
    "padding_symmetric": Fault(
        "symmetric padding for `SAME` at stride 2 (all shapes stay)", "stacks:paddings",
        r'(8, \[3, 3\], strides=2), padding="same"(.*\n\s*\))\(images\)',
        r"\1\2(keras.layers.ZeroPadding2D(1)(images))",
        "output", "1/same2", 'scope="same2"',
        inputs=((2, 16, 16, 3),),
    ),
    "strides_swapped": Fault(
        "strides of height and width swapped", "stacks:paddings",
        r"strides=\[1, 2\]", "strides=[2, 1]",
        "output", "1/wide", 'scope="wide"',
        inputs=((2, 16, 16, 3),), quick=False,
    ),
    "bias_lost": Fault(
        "a bias lost", "stacks:paddings",
        r'activation="elu", name="valid1"', r'use_bias=False, \g<0>',
        "variable", "valid1/biases", 'scope="valid1"', Status.MISSING,
        inputs=((2, 16, 16, 3),),
        quick=False,
    ),
    "activation_lost": Fault(
        "an activation lost", "stacks:transposed",
        r', activation="relu", name="valid"', ', name="valid"',
        "output", "valid", 'scope="valid"',
        quick=False,
    ),
    "activation_wrong": Fault(
        "relu for relu6, in the defaults", "stacks:separable",
        r'activation="relu6",(\n\s+kernel_reg)', r'activation="relu",\1',
        "output", "output", 'scope="conv"',
        defaults=True, high=255.0,
    ),
    "slope_wrong": Fault(
        "another slope of leaky relu", "others:denoised",
        r"negative_slope=0\.1", "negative_slope=0.2",
        "output", "output", "leaky_relu",
        quick=False,
    ),
    "dilation_lost": Fault(
        "the dilation rate lost (all shapes stay)", "stacks:atrous",
        r"dilation_rate=rate, ", "",
        "output", "output", "rate=rate",
        quick=False,
    ),
    "dilation_of_a_separable_layer": Fault(
        "another dilation rate of a separable convolution", "stacks:atrous",
        r"dilation_rate=2, activation", "dilation_rate=3, activation",
        "output", "output", 'scope="sep"', quick=False,
    ),
    "depth_multiplier": Fault(
        "the depth multiplier lost", "stacks:separable",
        r'net, None, 3, depth_multiplier=2', 'net, None, 3, depth_multiplier=1',
        "variable", "dw2/depthwise_weights", 'scope="dw2"',
        quick=False,
    ),
    "separable_became_plain": Fault(
        "a plain convolution for a separable one", "blocks:shuffled",
        r"separable_conv2d\(right, 4, 3, 1,", "conv2d(right, 4, 3, 1,",
        "variable", "right/depthwise_weights", 'scope="right"', Status.MISSING, quick=False,
    ),
    "window": Fault(
        "another window of a pool (all shapes stay)", "stacks:pools",
        r'MaxPooling2D\(3, strides=2, padding="same"', 'MaxPooling2D(2, strides=2, padding="same"',
        "output", "same", 'scope="same"',
    ),
    "pool_stride": Fault(
        "Keras' default stride of a pool", "stacks:pools",
        r"MaxPooling2D\(\[2, 3\], strides=2,", "MaxPooling2D([2, 3],",
        "output", "valid", 'scope="valid"',
        quick=False,
    ),
    "mean_of_the_border": Fault(
        "a mean that counts the zeros of the padding (all shapes stay)", "stacks:pools",
        r'AveragePooling2D\(3, strides=1, padding="same", (name="average")\)\(net\)',
        r"AveragePooling2D(3, strides=1, \1)(keras.layers.ZeroPadding2D(1)(net))",
        "output", "mean", 'scope="average"',
        quick=False,
    ),
    "maximum_for_mean": Fault(
        "a maximum for a mean", "blocks:dense",
        r'return avg_pool2d\(', "return max_pool2d(",
        "output", "output", 'scope="transition"', quick=False,
    ),
    "dropout_rate": Fault(
        "the share that is kept taken for the one that is dropped", "stacks:dropped",
        r"Dropout\(1 - 0\.8,", "Dropout(0.8,",
        "output", "output", 'scope="drop1"', mode="training",
        quick=False,
    ),
    "dropout_off": Fault(
        "dropout that is off while the network trains", "stacks:dropped",
        r'(1 - 0\.5, name="drop2"\)\(net\)) if is_training', r"\1 if not is_training",
        "output", "output", 'scope="drop2"', mode="training", named='name="fc2"',
        quick=False,
    ),
    "stride_of_another_layer": Fault(
        "the stride on the convolution before (all shapes stay)", "blocks:residual",
        r'1, name="conv1"\)((?:.*\n)*?.*)strides=stride, name="conv2"',
        r'1, strides=stride, name="conv1")\1name="conv2"',
        "output", "output", 'scope="conv1"', inputs=((2, 13, 12, 3),),
    ),
    "frozen": Fault(
        "a layer that is not trained", "stacks:normalised",
        r"conv2d\(net, 8, \[3, 3\], strides=2\)",
        "conv2d(net, 8, [3, 3], strides=2, trainable=False)",
        "variable", "Conv_1/weights", "stride=2",
    ),
}  # fmt: skip
