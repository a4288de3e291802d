"""The networks of the soak, and what a round asks of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LEGACY = HERE / "legacy"
DETECTOR = HERE.parents[1] / "fixtures" / "legacy" / "ssd_inception_v2"

#: Ranges of inputs, in turn.
RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0), (-0.2, 0.3))

#: Content of inputs, in turn.
CONTENTS = ("uniform", "image")

#: Height, width and depth of images, in turn. Odd and even, square and not, small and less small.
SIZES = ((16, 16, 3), (17, 23, 3), (32, 24, 1), (21, 21, 4), (40, 33, 3), (12, 19, 2), (28, 28, 1))
BATCHES = (2, 3, 5, 4)


@dataclass(frozen=True)
class Pair:
    """A network of `legacy`, or of the detector.

    Attributes:
        entry: ``module:function``.
        sizes: Heights, widths and depths that it takes.
        batches: Batch sizes that it takes.
        inputs: Number of pictures that it takes.
        more: Inputs after them; a shape begins with the batch.
        ranges: Ranges of its pictures.
        modes: Where not both: modes.
        text: More lines of its case.
        detector: Whether it is the detector's.
        sessions: Whether it is run in a graph with a session, too.
    """

    entry: str
    sizes: tuple[tuple[int, ...], ...] = SIZES
    batches: tuple[int, ...] = BATCHES
    inputs: int = 1
    more: tuple[dict[str, Any], ...] = ()
    ranges: tuple[tuple[float, float], ...] = RANGES
    modes: tuple[str, ...] = ("inference", "training")
    text: str = ""
    detector: bool = False
    sessions: bool = True

    @property
    def name(self) -> str:
        """Of its cases."""
        return self.entry.partition(":")[2]


ROWS = ((7,), (24,), (64,))
EVEN = tuple(size for size in SIZES if size[0] % 4 == 0)
LABELS = {"shape": (), "dtype": "int64", "low": 0, "high": 3}
THIN = """
arg_scope = "nets.inception_v2:inception_v2_arg_scope"
arg_scope_training_argument = "is_training"
arg_scope_args = { batch_norm_scale = true, batch_norm_decay = 0.9 }
args = { final_endpoint = "Mixed_3b", depth_multiplier = 0.25, min_depth = 8 }
"""
SSD = """
args = { num_classes = 3, depth_multiplier = 0.25, min_depth = 8 }
training_argument = "is_training"
"""

PAIRS = (
    Pair("stacks:paddings", tuple(s for s in SIZES if min(s[:2]) >= 16)),
    Pair("stacks:normalised"),
    Pair("stacks:separable"),
    Pair("stacks:inverted"),
    Pair("stacks:transposed"),
    Pair("stacks:atrous"),
    Pair("stacks:pools"),
    Pair("stacks:dropped"),
    Pair("stacks:repeated"),
    Pair("stacks:activations"),
    Pair("stacks:penalised"),
    Pair("blocks:residual"),
    Pair("blocks:branches"),
    Pair("blocks:dense"),
    Pair("blocks:squeezed"),
    Pair("blocks:shuffled"),
    Pair("blocks:gated"),
    Pair("blocks:towers", inputs=2),
    Pair("blocks:unet", EVEN),
    Pair("others:styled"),
    Pair("others:layer_normed"),
    Pair("others:group_normed"),
    Pair("others:dense_norm", ROWS, batches=(4, 7, 16)),
    Pair("others:attention", ((6, 7, 3), (8, 5, 2), (9, 9, 4))),
    Pair(
        "others:words",
        inputs=0,
        more=({"shape": (9,), "dtype": "int32", "low": 0, "high": 20},),
    ),
    Pair("others:boxes"),
    Pair("others:losses", more=(LABELS,)),
    Pair("others:generator", ROWS, ranges=((-1.0, 1.0),)),
    Pair("others:denoised"),
    Pair("others:cropped"),
    Pair("others:taught"),
    Pair(
        "nets.inception_v2:inception_v2_base",
        ((32, 32, 3), (48, 33, 3)),
        text=THIN,
        detector=True,
    ),
    Pair(
        "models.ssd_model:raw_predictions",
        ((96, 96, 3), (64, 80, 3)),
        ranges=((0.0, 255.0),),
        text=SSD,
        detector=True,
    ),
)

#: Optimizer and what else is special about a training case.
TRAINED: tuple[dict[str, Any], ...] = (
    {"optimizer": "sgd"},
    {"optimizer": "momentum", "network": "deep"},
    {"optimizer": "adam"},
    {"optimizer": "adam", "network": "deep", "clip": 1},
    {"optimizer": "rmsprop"},
    {"optimizer": "adagrad", "network": "deep"},
    {"optimizer": "ftrl", "clip": 2},
)


def trained_name(args: dict[str, Any]) -> str:
    """Name of a training case."""
    return "train_" + "_".join(str(value) for value in args.values())


def case(pair: Pair, place: int, number: int, places: tuple[str, ...], contents: bool) -> str:
    """Text of a pair's case in a round."""
    turn = place + number  # neighbours in the list take other shapes in the same round
    lines = [
        "[[case]]",
        f'name = "{pair.name}"',
        f'entry = "{pair.entry}"',
        f"modes = {json.dumps(pair.modes)}",
        f"places = {json.dumps(places)}",
        pair.text or 'training_argument = "is_training"',
    ]
    batch = pair.batches[turn % len(pair.batches)]
    size = pair.sizes[turn % len(pair.sizes)]
    low, high = pair.ranges[(turn // 2) % len(pair.ranges)]
    for _ in range(pair.inputs):
        lines += ["[[case.inputs]]", f"shape = {[batch, *size]}", f"low = {low}", f"high = {high}"]
        content = CONTENTS[(place + number // 2) % len(CONTENTS)]
        if contents and len(size) == 3 and content != "uniform":
            lines.append(f'content = "{content}"')
    for spec in pair.more:
        lines += ["[[case.inputs]]", f"shape = {[batch, *spec['shape']]}"]
        lines += [f"{key} = {json.dumps(spec[key])}" for key in ("dtype", "low", "high")]
    return "\n".join(lines) + "\n"


def training(args: dict[str, Any], number: int) -> str:
    """Text of a training case in a round."""
    varied = {
        **args,
        "data_seed": number,
        "batch": (8, 5, 12)[number % 3],
        "size": (6, 9)[number % 2],
    }
    given = ", ".join(f"{key} = {json.dumps(value)}" for key, value in varied.items())
    return "\n".join(
        [
            "[[training]]",
            f'name = "{trained_name(args)}"',
            'entry = "train_soak:train"',
            f"args = {{ {given} }}",
            "steps = [1, 3, 20]",
            "",
        ]
    )


def session_script() -> str:
    """A program that runs the networks with sessions: their layers must then be right there."""
    pairs = [pair for pair in PAIRS if not pair.detector]
    modules = sorted({pair.entry.partition(":")[0] for pair in pairs})
    lines = ["import sys", "", "import tensorflow as tf", *(f"import {name}" for name in modules)]
    for pair in pairs:
        module, _, function = pair.entry.partition(":")
        names = [f"input{index}" for index in range(pair.inputs + len(pair.more))]
        lines += ["", "", f"def run_{function}():"]
        for index, name in enumerate(names):
            shape = (2, *pair.sizes[0]) if index < pair.inputs else None
            kind = "tf.float32"
            if shape is None:
                spec = pair.more[index - pair.inputs]
                shape, kind = (2, *spec["shape"]), f"tf.{spec['dtype']}"
            lines.append(f"    {name} = tf.placeholder({kind}, {list(shape)})")
        lines += [
            f"    found = {module}.{function}({', '.join(names)}, is_training=True)",
            "    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)",
            "    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)",
            "    with tf.Session() as session:",
            "        session.run(tf.global_variables_initializer())",
            "        return session.run([found, updates, losses])",
        ]
    return "\n".join(lines) + "\n"
