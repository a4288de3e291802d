"""The way back: a checkpoint of TensorFlow 1's format and names, written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_DATA, _INDEX = ".data-00000-of-00001", ".index"


def write_checkpoint(prefix: Path, values: Mapping[str, Any]) -> None:
    """Writes values under their names, as `tf.train.Saver` of TensorFlow 0.12 and later did.

    The folder's `checkpoint` file, which names the latest one, is written only if there is none.

    Args:
        prefix: Path of the checkpoint, without the suffix of its files.
        values: Variables or arrays by name.
    """
    import tensorflow as tf

    prefix.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".slimport-", dir=prefix.parent))
    try:
        tf.raw_ops.SaveV2(
            prefix=str(folder / prefix.name),
            tensor_names=list(values),
            shape_and_slices=[""] * len(values),
            tensors=[tf.convert_to_tensor(value) for value in values.values()],
        )
        for suffix in (_DATA, _INDEX):  # readers look for the index: it comes last
            (folder / (prefix.name + suffix)).replace(prefix.with_name(prefix.name + suffix))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not (state := prefix.with_name("checkpoint")).exists():
        state.write_text(
            f'model_checkpoint_path: "{prefix.name}"\n'
            f'all_model_checkpoint_paths: "{prefix.name}"\n',
            encoding="utf-8",
        )


def files_of(prefix: Path) -> list[Path]:
    """The files that a checkpoint of this name would take the place of."""
    return [p for s in (_DATA, _INDEX) if (p := prefix.with_name(prefix.name + s)).exists()]
