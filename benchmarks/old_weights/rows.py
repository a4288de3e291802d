"""Rows of the table: a network, and what of it the old code writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Who writes: TensorFlow 1.15, or today's TensorFlow behind the stand-in of `slimport verify`.
OLD, TODAY = "TF 1.15", "TF 2.21"

#: What is written.
V2, V1, FROZEN, SAVED_MODEL = "V2", "V1", "frozen graph", "SavedModel"


@dataclass(frozen=True)
class Network:
    """A network of a legacy tree.

    Attributes:
        tree: "fixture", "slim" or "detection": see `trees`.
        entry: `package.module:function`.
        size: Height and width of its images, or more of their sizes.
        args: Keyword arguments.
        arg_scope: What it is built under.
        limits: The lowest and the highest value of its images.
    """

    tree: str
    entry: str
    size: tuple[int, ...]
    args: Mapping[str, Any] = field(default_factory=dict)
    arg_scope: str | None = None
    limits: tuple[float, float] = (-1.0, 1.0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image as a batch."""
        return (1, *self.size, 3)


@dataclass(frozen=True)
class Row:
    """One way there and back.

    Attributes:
        network: Name in `NETWORKS`.
        writer: Who writes.
        form: What is written.
        optimizer: Class of `tf.train` whose slots and step are in the checkpoint, too.
        average: Whether moving averages are.
        out: Suffix of Keras' file.
        slots: Whether the optimizer's state goes there and back, too.
        shadows: Whether the averages take the place of the variables.
    """

    network: str
    writer: str
    form: str = V2
    optimizer: str | None = None
    average: bool = False
    out: str = ".weights.h5"
    slots: bool = False
    shadows: bool = False

    @property
    def name(self) -> str:
        """A name of its own."""
        marks = [self.network, self.writer, self.form, self.out.rpartition(".")[2]]
        marks += [self.optimizer or "", "slots" * self.slots, "ema" * self.shadows]
        name = "-".join(mark for mark in marks if mark)
        return name.replace(" ", "_").replace("(", "").replace(")", "")


def _of_slim(module: str, name: str, scope: str, size: int = 224, classes: int = 1001) -> Network:
    return Network(
        "slim",
        f"nets.{module}:{name}",
        (size, size),
        {"num_classes": classes},
        f"nets.{module}:{scope}",
    )


NETWORKS = {
    "SSD Inception v2 (fixture)": Network(
        "fixture",
        "models.ssd_model:raw_predictions",
        (300, 300),
        {"num_classes": 90},
        limits=(0.0, 255.0),
    ),
    "inception_v1": _of_slim("inception_v1", "inception_v1", "inception_v1_arg_scope"),
    "inception_v2": _of_slim("inception_v2", "inception_v2", "inception_v2_arg_scope"),
    "inception_v3": _of_slim("inception_v3", "inception_v3", "inception_v3_arg_scope", 299),
    "inception_resnet_v2": _of_slim(
        "inception_resnet_v2", "inception_resnet_v2", "inception_resnet_v2_arg_scope", 299
    ),
    "mobilenet_v1": _of_slim("mobilenet_v1", "mobilenet_v1", "mobilenet_v1_arg_scope"),
    "mobilenet_v2": _of_slim("mobilenet.mobilenet_v2", "mobilenet", "training_scope"),
    "mobilenet_v3_large": _of_slim("mobilenet.mobilenet_v3", "large", "training_scope"),
    "resnet_v1_50": _of_slim("resnet_v1", "resnet_v1_50", "resnet_arg_scope"),
    "resnet_v2_50": _of_slim("resnet_v2", "resnet_v2_50", "resnet_arg_scope"),
    "vgg_a": _of_slim("vgg", "vgg_a", "vgg_arg_scope", classes=1000),
    "nasnet_mobile": Network(
        "slim",
        "nets.nasnet.nasnet:build_nasnet_mobile",
        (224, 224),
        # Asks `if is_training:` before it adds a head.
        {"num_classes": 1001, "is_training": False},
        "nets.nasnet.nasnet:nasnet_mobile_arg_scope",
    ),
    "SSD MobileNet v2 (pipeline file)": Network(
        "detection",
        "detection:predictions",
        (300, 300),
        {"config": "ssd_mobilenet_v2"},
        limits=(0.0, 255.0),
    ),
}

_SSD, _DETECTOR = "SSD Inception v2 (fixture)", "SSD MobileNet v2 (pipeline file)"

ROWS = (
    Row(_SSD, OLD, V2, "RMSPropOptimizer", average=True),
    Row(_SSD, TODAY, V2, "RMSPropOptimizer", average=True),
    Row(_SSD, OLD, V2, "RMSPropOptimizer", average=True, slots=True),
    Row(_SSD, TODAY, V2, "AdamOptimizer", average=True, slots=True),
    Row(_SSD, OLD, V2, "RMSPropOptimizer", average=True, shadows=True),
    Row("inception_v1", OLD, V2, "MomentumOptimizer"),
    Row("inception_v1", TODAY, V1, "MomentumOptimizer", out=".keras"),
    Row("inception_v2", OLD, V1, "RMSPropOptimizer", average=True),
    Row("inception_v3", OLD, V2, "RMSPropOptimizer", average=True),
    Row("inception_resnet_v2", OLD, V2, "AdamOptimizer"),
    Row("mobilenet_v1", OLD, FROZEN),
    Row("mobilenet_v1", TODAY, V2, "RMSPropOptimizer", average=True, out=".keras"),
    Row("mobilenet_v2", OLD, SAVED_MODEL),
    Row("mobilenet_v2", TODAY, V2, "RMSPropOptimizer", average=True),
    Row("mobilenet_v3_large", OLD, V2, "RMSPropOptimizer", average=True),
    Row("resnet_v1_50", OLD, V2, "MomentumOptimizer"),
    Row("resnet_v2_50", TODAY, V1, "MomentumOptimizer"),
    Row("vgg_a", OLD, V2),
    Row("nasnet_mobile", OLD, V2),
    Row(_DETECTOR, OLD, V2, "RMSPropOptimizer", average=True),
    Row(_DETECTOR, TODAY, FROZEN),
)


def chosen(names: tuple[str, ...], with_old: bool) -> list[Row]:
    """Returns the rows whose names hold one of `names` (all without any) and that can be written.

    Raises:
        ValueError: A name fits no row.
    """
    for name in names:
        if not any(name in row.name for row in ROWS):
            raise ValueError(f"no row is called {name!r}: {', '.join(row.name for row in ROWS)}")
    found = [row for row in ROWS if not names or any(name in row.name for name in names)]
    return [row for row in found if with_old or row.writer != OLD]
