# mypy: allow-subclassing-any
"""Savers of TF 1 graphs: they compare shapes with the checkpoint's before they restore."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.checkpoint_shapes import refuse_other_shapes

__all__ = ["Saver", "import_meta_graph"]


class Saver(tf.compat.v1.train.Saver):
    """`tf.compat.v1.train.Saver` for graphs that hold layers.

    In TF 1 a variable refused a value of another shape. Those of layers take any, so that a model
    with another number of classes would go on with the old number: this saver refuses it.
    """

    def restore(self, sess: Any, save_path: Any) -> None:
        """Restores a checkpoint.

        Args:
            sess: The session; `None` in eager mode.
            save_path: The checkpoint, without the suffix of its files.

        Raises:
            ValueError: If there is no such checkpoint.
            tf.errors.InvalidArgumentError: If a variable has another shape there. No variable has
                changed then.
        """
        in_graph = self.saver_def is not None and not tf.executing_eagerly()
        if in_graph and save_path is not None and tf.compat.v1.train.checkpoint_exists(save_path):
            refuse_other_shapes(save_path, self, sess.graph)
        super().restore(sess, save_path)

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """Returns the saver that a `SaverDef` describes."""
        return Saver(saver_def=saver_def, name=import_scope)


def import_meta_graph(*args: Any, **kwargs: Any) -> Saver | None:
    """Calls `tf.compat.v1.train.import_meta_graph`, and returns a `Saver` of this module."""
    saver = tf.compat.v1.train.import_meta_graph(*args, **kwargs)
    return saver and Saver(saver_def=saver.as_saver_def())
