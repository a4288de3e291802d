"""Which networks are compared: of the Object Detection API's `slim/nets`, and of slim itself."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """A network.

    Attributes:
        name: How the table calls it: its name in `nets_factory`, or `slim.nets.<name>`.
        network: `module:function` in the migrated tree.
        scope: Likewise, what makes its `layer_defaults`.
        shape: Of the images, the batch included.
    """

    name: str
    network: str
    scope: str
    shape: tuple[int, ...]


#: Images as small as the last layers allow. Two of them: batch norm needs different statistics.
SHAPES = {
    "lenet": (2, 28, 28, 1),
    "cifarnet": (2, 32, 32, 3),
    "alexnet_v2": (2, 224, 224, 3),
    "overfeat": (2, 231, 231, 3),
    "vgg_16": (2, 224, 224, 3),
    "inception_v1": (2, 224, 224, 3),
    "inception_v2": (2, 128, 128, 3),
    "inception_v3": (2, 139, 139, 3),
    "inception_v4": (2, 139, 139, 3),
    "inception_resnet_v2": (2, 139, 139, 3),
    "resnet_v1_50": (2, 97, 97, 3),
    "resnet_v2_50": (2, 97, 97, 3),
    "mobilenet_v1": (2, 96, 96, 3),
    "mobilenet_v2": (2, 96, 96, 3),
    "mobilenet_v3_small": (2, 96, 96, 3),
    "nasnet_cifar": (2, 32, 32, 3),
    "nasnet_mobile": (2, 96, 96, 3),
    "pnasnet_mobile": (2, 96, 96, 3),
    "i3d": (1, 16, 224, 224, 3),
    "s3dg": (1, 16, 224, 224, 3),
}

#: What stands behind the name of a network that was changed by hand before (`by_hand.py`).
BY_HAND = ", by hand"
CHANGED = ("mobilenet_v2", "mobilenet_v3_small")

#: Networks that a program took from slim itself: parts of the written module.
OF_SLIM = {
    "vgg_16": "vgg_arg_scope",
    "inception_v3": "inception_v3_arg_scope",
    "resnet_v2_50": "resnet_arg_scope",
}


def rows(tree: Path) -> list[Row]:
    """Reads from a migrated `nets/nets_factory.py` where each network is."""
    factory = ast.parse((tree / "nets" / "nets_factory.py").read_text("utf-8"))
    modules, tables = {}, {}
    for node in factory.body:
        if isinstance(node, ast.ImportFrom):
            modules.update({alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            tables[ast.unparse(node.targets[0])] = {
                ast.literal_eval(key): ast.unparse(value).partition(".")
                for key, value in zip(node.value.keys, node.value.values, strict=True)
                if key is not None
            }
    networks, scopes = tables["networks_map"], tables["arg_scopes_map"]

    def place(found: tuple[str, str, str]) -> str:
        return f"{modules[found[0]]}:{found[2]}"

    of_tree = [
        Row(name, place(networks[name]), place(scopes[name]), shape)
        for name, shape in SHAPES.items()
        if name in networks
    ]
    of_slim = [
        Row(f"slim.nets.{name}", f"scoped_layers:{name}", f"scoped_layers:{scope}", SHAPES[name])
        for name, scope in OF_SLIM.items()
    ]
    changed = [replace(row, name=row.name + BY_HAND) for row in of_tree if row.name in CHANGED]
    return of_tree + changed + of_slim
