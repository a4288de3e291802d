"""Which networks are measured, at their published sizes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

#: Images of a batch for throughput, and of a training step where a row does not say less.
BATCH, STEP_BATCH = 8, 8


@dataclass(frozen=True)
class Row:
    """A network.

    Attributes:
        name: How the table calls it.
        key: Its name in `nets_factory`; empty for the fixture's detector.
        size: Height and width of its images.
        step_batch: Images of a training step.
        batch: Images of a batch for throughput.
    """

    name: str
    key: str
    size: int = 224
    step_batch: int = STEP_BATCH
    batch: int = BATCH

    def case(self) -> dict[str, Any]:
        """What both sides are asked, as `slimport verify` carries a case to its workers."""
        entry = "networks:network" if self.key else "networks:detector"
        return {
            "index": 0,
            "name": self.name,
            "seed": 1,
            "entry": entry,
            "arg_scope": "",
            "args": {"name": self.key} if self.key else {},
            "arg_scope_args": {},
            "training_argument": "is_training",
            "arg_scope_training_argument": None,
            "inputs": [{"shape": [None, self.size, self.size, 3], "dtype": "float32"}],
            "modules": ["nets.nets_factory" if self.key else "models.ssd_model"],
            "weights": None,
            "open_batch": True,
            "batches": [1, self.batch, self.step_batch],
        }


ROWS = (
    Row("SSD Inception v2", "", 300),
    Row("VGG-16", "vgg_16", step_batch=2),
    Row("Inception v1", "inception_v1"),
    Row("Inception v2", "inception_v2"),
    Row("Inception v3", "inception_v3", 299, step_batch=4),
    Row("ResNet v1-50", "resnet_v1_50"),
    Row("ResNet v2-50", "resnet_v2_50"),
    Row("MobileNet v1", "mobilenet_v1"),
    Row("MobileNet v2", "mobilenet_v2"),
    Row("MobileNet v3 large", "mobilenet_v3_large"),
    Row("NASNet mobile", "nasnet_mobile"),
)


def chosen(names: tuple[str, ...], size: int | None = None) -> list[Row]:
    """The rows whose names hold one of the given; all without names.

    Args:
        names: Parts of names, in any case.
        size: Height and width of all images, for a quick look.

    Raises:
        ValueError: A name fits no row.
    """
    known = {row.name: f"{row.name} {row.key}".lower() for row in ROWS}
    for name in names:
        if not any(name.lower() in text for text in known.values()):
            raise ValueError(f"no network is called {name!r}; there are {', '.join(known)}")
    found = [
        row for row in ROWS if not names or any(name.lower() in known[row.name] for name in names)
    ]
    return [row if size is None else dataclasses.replace(row, size=size) for row in found]
