"""Faults between layers: axes, resizing, padding, crops, orders, types, constants."""

from tests.verify.planted.fault import Fault

TWO = ((2, 8, 8, 3), (2, 8, 8, 3))
WORDS = ((2, 9),)

FAULTS = {
    "concat_axis": Fault(
        "another axis of a concat", "blocks:shuffled",
        r"ops\.concatenate\(\[left, right\], 3\)", "ops.concatenate([left, right], 2)",
        "output", "output", "tf.concat([left, right]",
        quick=False,
    ),
    "reduce_axis": Fault(
        "another axis of a mean (all shapes stay)", "stacks:pools",
        r"keras\.ops\.mean\(net, \[1, 2\]\)", "keras.ops.mean(net, [1, 3])",
        "output", "global", "reduce_mean", inputs=((2, 8, 6, 3),),
    ),
    "keepdims": Fault(
        "axes of size one lost", "blocks:residual",
        r", keepdims=True", "",
        "output", "output", "reduce_mean",
        quick=False,
    ),
    "corners": Fault(
        "`align_corners` lost (all shapes stay)", "blocks:unet",
        r", align_corners=True", "",
        "output", "output", "align_corners",
        quick=False,
    ),
    "half_pixels": Fault(
        "TensorFlow 2's half pixels in a resize (all shapes stay)", "blocks:unet",
        r"= resize_bilinear\(deep,", "= keras.ops.image.resize(deep,",
        "output", "output", "resize_bilinear(deep",
    ),
    "resized_size": Fault(
        "another size of a resized map", "others:styled",
        r"2 \* extent for", "2 * extent + 1 for",
        "output", "output", "resize_nearest_neighbor", named="resize_nearest", quick=False,
    ),
    "pad_mode": Fault(
        "another kind of border (all shapes stay)", "others:styled",
        r'"reflect"', '"symmetric"',
        "output", "output", '"REFLECT"',
        quick=False,
    ),
    "crop_offset": Fault(
        "a crop one pixel off (all shapes stay)", "others:cropped",
        r"\[0, 2, 2, 0\]", "[0, 1, 2, 0]",
        "output", "output", "tf.slice", inputs=((2, 12, 12, 3),),
        quick=False,
    ),
    "channel_order": Fault(
        "channels of the picture in the other order", "stacks:inverted",
        r'conv2d\(images, 8, 3, strides=2, name="stem"\)',
        'conv2d(images[..., ::-1], 8, 3, strides=2, name="stem")',
        "output", "output", 'scope="stem"',
        quick=False,
    ),
    "flatten_order": Fault(
        "channels first when flattened (all shapes stay)", "others:losses",
        r"flatten\(net\)", "flatten(tf.transpose(net, [0, 3, 1, 2]))",
        "output", "logits", "slim.flatten",
        inputs=((2, 12, 12, 3), (2,)), whole=((1, 3),),
    ),
    "groups_and_channels": Fault(
        "groups taken for channels when they are shuffled (all shapes stay)", "blocks:shuffled",
        r"height, width, 2, depth // 2\]", "height, width, depth // 2, 2]",
        "output", "output", "tf.transpose", named="ops.transpose",
        quick=False,
    ),
    "unit_axis": Fault(
        "another axis of `l2_normalize` (all shapes stay)", "blocks:towers",
        r"l2_normalize\(net, 1\)", "l2_normalize(net, 0)",
        "output", "0", "l2_normalize", inputs=TWO,
        quick=False,
    ),
    "unit_epsilon": Fault(
        "an epsilon of `l2_normalize` that is felt", "blocks:towers",
        r"l2_normalize\(net, 1\)", "l2_normalize(net, 1, epsilon=100.0)",
        "output", "0", "l2_normalize", inputs=TWO, quick=False,
    ),
    "temperature": Fault(
        "another factor before a softmax", "others:attention",
        r"/ 2\.0\)", "/ 4.0)",
        "output", "1", "transpose_b", inputs=((2, 6, 7, 3),),
        quick=False,
    ),
    "half_precision": Fault(
        "numbers that go through float16", "others:boxes",
        r"box = keras\.ops\.concatenate\(found, 1\)",
        'box = keras.ops.cast(keras.ops.concatenate(found, 1), "float16")' "\n"
        r'    box = keras.ops.cast(box, "float32")',
        "output", "boxes", "tf.concat(found",
    ),
    "variance": Fault(
        "another variance of box coordinates", "others:boxes",
        r"\* 0\.2\)", "* 0.1)",
        "output", "boxes", "* 0.2", quick=False,
    ),
    "integers": Fault(
        "a division whose result is cut to whole numbers", "others:styled",
        r"127\.5 \* \(net \+ 1\.0\)", "tf.floor(127.5 * (net + 1.0))",
        "output", "output", "127.5",
        quick=False,
    ),
    "tokens_shifted": Fault(
        "rows of a table that are one off", "others:words",
        r"embedding_lookup\(table, tokens\)", "embedding_lookup(table, (tokens + 1) % 20)",
        "output", "output", "embedding_lookup", inputs=WORDS, whole=((0, 20),),
        quick=False,
    ),
}  # fmt: skip
