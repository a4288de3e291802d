# mypy: allow-subclassing-any
"""Sessions that restore by themselves: their own savers compare shapes as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from slimport.written.saver import Saver

__all__ = [
    "ChiefSessionCreator",
    "MonitoredTrainingSession",
    "Scaffold",
    "SingularMonitoredSession",
    "Supervisor",
]

_SAVER_OF_SUPERVISOR = 8  # position of `saver`, behind the graph


class Supervisor(tf.compat.v1.train.Supervisor):
    """`tf.compat.v1.train.Supervisor`; the saver that it makes is a `Saver` of this module."""

    def __init__(self, graph: Any = None, *args: Any, **kwargs: Any) -> None:
        given = args[_SAVER_OF_SUPERVISOR:]
        saver = given[0] if given else kwargs.get("saver", self.USE_DEFAULT)
        has_saver = saver is not self.USE_DEFAULT
        with (graph or tf.compat.v1.get_default_graph()).as_default():
            if not has_saver and tf.compat.v1.global_variables():
                _make_saver()
        super().__init__(graph, *args, **kwargs)


class Scaffold(tf.compat.v1.train.Scaffold):
    """`tf.compat.v1.train.Scaffold`; the saver that it makes is a `Saver` of this module."""

    def finalize(self) -> Any:
        """Creates what is missing, and finalizes the graph."""
        if self.saver is None:
            _make_saver(sharded=True, allow_empty=True)
        return super().finalize()


class ChiefSessionCreator(tf.compat.v1.train.ChiefSessionCreator):
    """`tf.compat.v1.train.ChiefSessionCreator` with a `Scaffold` of this module."""

    def __init__(self, scaffold: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(scaffold or Scaffold(), *args, **kwargs)


class SingularMonitoredSession(tf.compat.v1.train.SingularMonitoredSession):
    """`tf.compat.v1.train.SingularMonitoredSession` with a `Scaffold` of this module."""

    def __init__(self, hooks: Any = None, scaffold: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(hooks, scaffold or Scaffold(), *args, **kwargs)


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: str | None = None,
    scaffold: Any = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Returns `tf.compat.v1.train.MonitoredTrainingSession` with a `Scaffold` of this module."""
    return tf.compat.v1.train.MonitoredTrainingSession(
        master, is_chief, checkpoint_dir, scaffold or Scaffold(), *args, **kwargs
    )


def _make_saver(**options: Any) -> None:
    """Makes the graph's saver, unless it has one: TensorFlow takes it from there."""
    key = tf.compat.v1.GraphKeys.SAVERS
    if not tf.compat.v1.get_collection(key):
        tf.compat.v1.add_to_collection(key, Saver(**options))
