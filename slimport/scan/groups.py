"""What a program of TensorFlow 1 is made of, beside its layers: groups of APIs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slimport.index.queues import QUEUES
from slimport.scan.model import Use


@dataclass(frozen=True)
class Group:
    """APIs that belong together, by how their names begin."""

    name: str
    apis: tuple[str, ...]


GROUPS = (
    Group(
        "sessions",
        (
            "tf.Session", "tf.InteractiveSession", "tf.train.Supervisor", "tf.train.Monitored",
            "tf.train.SingularMonitoredSession", "tf.get_default_session", "tf.ConfigProto",
        ),
    ),
    Group("placeholders", ("tf.placeholder", "tf.sparse_placeholder")),
    Group(
        "checkpoints",
        (
            "slim.assign_from_", "slim.get_variables_to_restore", "slim.training.wait_for_new_",
            "slim.training.checkpoints_iterator", "tf.train.Saver", "tf.train.checkpoint_exists",
            "tf.train.get_checkpoint_state", "tf.train.import_meta_graph",
            "tf.train.init_from_checkpoint", "tf.train.latest_checkpoint",
            "tf.train.list_variables", "tf.train.load_", "tf.train.NewCheckpointReader",
            "tf.train.export_meta_graph", "slim.load_checkpoint", "slim.list_variables",
            "slim.load_variable", "slim.init_from_checkpoint",
        ),
    ),
    Group(
        "frozen graphs and SavedModels",
        ("tf.GraphDef", "tf.import_graph_def", "tf.graph_util.", "tf.saved_model."),
    ),
    Group("queues", QUEUES),
    Group("datasets", ("tf.data.", "tf.contrib.data.", "slim.dataset", "slim.tfexample_decoder")),
    Group("optimizers and schedules", ("tf.train.", "slim.optimize_loss")),
    Group("losses", ("tf.losses.", "slim.losses.", "slim.l1_l2", "tf.contrib.losses.")),
    Group("metrics", ("tf.metrics.", "slim.metrics.", "tf.contrib.metrics.")),
    Group("summaries", ("tf.summary.", "slim.summaries.", "tf.contrib.summary.")),
    Group("estimators", ("tf.estimator.", "tf.contrib.learn.", "tf.contrib.tpu.")),
    Group("flags and app", ("tf.app.", "tf.flags.")),
)  # fmt: skip
_SCHEDULES = ("_decay", "Optimizer", "_warm_restarts")


def group_of(api: str) -> str:
    """The name of the first group that an API belongs to; empty where none."""
    for group in GROUPS:
        if api.startswith(group.apis):
            rest = group.name == "optimizers and schedules" and api.startswith("tf.train.")
            if not rest or any(part in api for part in _SCHEDULES):
                return group.name
    return ""


def grouped(uses: Iterable[Use]) -> dict[str, list[Use]]:
    """The uses of each group that has some."""
    found: dict[str, list[Use]] = {group.name: [] for group in GROUPS}
    for use in uses:
        name = group_of(use.api)
        if name:
            found[name].append(use)
    return {name: members for name, members in found.items() if members}
