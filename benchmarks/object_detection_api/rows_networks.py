"""Rows A: the 40 networks of `slim/nets/nets_factory.py`.

Images have the network's published size where its last layers need it, and a smaller one
otherwise: then the feature maps are smaller, nothing else, and a row costs about a minute on one
core.
"""

from __future__ import annotations

from typing import Any

#: Batch, height, width and channels of each network's images; videos have frames after the batch.
SHAPES: dict[str, tuple[int, ...]] = {
    "alexnet_v2": (1, 224, 224, 3),
    "cifarnet": (2, 32, 32, 3),
    "overfeat": (1, 231, 231, 3),
    "vgg_a": (1, 224, 224, 3),
    "vgg_16": (1, 224, 224, 3),
    "vgg_19": (1, 224, 224, 3),
    "inception_v1": (2, 224, 224, 3),
    "inception_v2": (2, 160, 160, 3),
    "inception_v3": (2, 160, 160, 3),
    "inception_v4": (2, 160, 160, 3),
    "inception_resnet_v2": (2, 160, 160, 3),
    "i3d": (1, 16, 224, 224, 3),
    "s3dg": (1, 16, 224, 224, 3),
    "lenet": (2, 28, 28, 1),
    "resnet_v1_50": (2, 128, 128, 3),
    "resnet_v1_101": (2, 128, 128, 3),
    "resnet_v1_152": (2, 128, 128, 3),
    "resnet_v1_200": (2, 128, 128, 3),
    "resnet_v2_50": (2, 128, 128, 3),
    "resnet_v2_101": (2, 128, 128, 3),
    "resnet_v2_152": (2, 128, 128, 3),
    "resnet_v2_200": (2, 128, 128, 3),
    "mobilenet_v1": (2, 128, 128, 3),
    "mobilenet_v1_075": (2, 128, 128, 3),
    "mobilenet_v1_050": (2, 128, 128, 3),
    "mobilenet_v1_025": (2, 128, 128, 3),
    "mobilenet_v2": (2, 128, 128, 3),
    "mobilenet_v2_140": (2, 128, 128, 3),
    "mobilenet_v2_035": (2, 128, 128, 3),
    "mobilenet_v3_small": (2, 128, 128, 3),
    "mobilenet_v3_large": (2, 128, 128, 3),
    "mobilenet_v3_small_minimalistic": (2, 128, 128, 3),
    "mobilenet_v3_large_minimalistic": (2, 128, 128, 3),
    "mobilenet_edgetpu": (2, 128, 128, 3),
    "mobilenet_edgetpu_075": (2, 128, 128, 3),
    "nasnet_cifar": (2, 32, 32, 3),
    "nasnet_mobile": (2, 96, 96, 3),
    "nasnet_large": (2, 96, 96, 3),
    "pnasnet_large": (2, 96, 96, 3),
    "pnasnet_mobile": (2, 96, 96, 3),
}

NUM_CLASSES = 1001


def cases() -> list[dict[str, Any]]:
    """Returns one verify case for each network, by the name ``network/<name>``."""
    return [
        {
            "name": f"network/{name}",
            "entry": "networks:network",
            "args": {"name": name, "num_classes": NUM_CLASSES},
            "training_argument": "is_training",
            # NASNet asks `if is_training:` before it drops paths.
            "built_once": "nasnet" not in name,
            "inputs": [{"shape": list(shape), "low": -1.0, "high": 1.0}],
        }
        for name, shape in SHAPES.items()
    ]
