"""tf.train.Saver and the sessions that restore by themselves, in graphs that hold layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from slimport.index.layer_programs import RESTORING
from slimport.rewrite.rule import Example, Keep, Outcome, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite, literal

_CLASS_TESTS = ("isinstance", "issubclass")
_API = "tf.train."
_INITIALIZING = "tf.train.init_from_checkpoint"  # rules/checkpoints.py


@dataclass(frozen=True, kw_only=True)
class _SaverRule(Rule):
    """The written module's class of the same name.

    Attributes:
        given: APIs that restore nothing by themselves if they are given a parameter, and what
            position it has.
    """

    given: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def call(self, site: CallSite) -> Outcome:
        if _is_of_model(site) or (site.file.restores_layers() and not self._is_given(site)):
            return site.renamed(self._written(site), {})
        return self._of_tensorflow(site)

    def value(self, site: ValueSite) -> Outcome:
        if not site.file.restores_layers() or _tests_class(site):
            return self._of_tensorflow(site)
        return self._written(site)

    @staticmethod
    def _written(site: Site) -> cst.BaseExpression:
        """``Saver``, also where one of its methods is named: ``tf.train.Saver.restore``."""
        name, *members = site.api.removeprefix(_API).split(".")
        found = site.file.written(name)
        for member in members:
            found = cst.Attribute(found, cst.Name(member))
        return found

    @staticmethod
    def _of_tensorflow(site: CallSite | ValueSite) -> Outcome:
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def _is_given(self, site: CallSite) -> bool:
        parameter, position = self.given.get(site.api.removeprefix(_API), ("", 0))
        if not parameter or site.has_star:
            return False
        by_name = {a.keyword.value: a.value for a in site.node.args if a.keyword}
        values = [a.value for a in site.node.args if a.keyword is None]
        value = by_name.get(parameter, values[position] if position < len(values) else None)
        if value is None:
            return False
        # None stands for no saver at all there, elsewhere for TensorFlow's.
        return not _is_default(value) if site.short == "Supervisor" else _is_made(value)


def _is_default(value: cst.BaseExpression) -> bool:
    """``tf.train.Supervisor.USE_DEFAULT``, or its value."""
    is_named = isinstance(value, cst.Attribute) and value.attr.value == "USE_DEFAULT"
    return is_named or literal(value) == 0


def _is_made(value: cst.BaseExpression) -> bool:
    """Whether it is an object of a class, as its name tells: a variable may be None."""
    function = value.func if isinstance(value, cst.Call) else None
    name = getattr(function, "attr", function)
    word = name.value.removeprefix("scoped_") if isinstance(name, cst.Name) else ""
    return word.lstrip("_")[:1].isupper()


def _is_of_model(site: CallSite) -> bool:
    """``tf.train.Saver(variables)`` where no session runs: what it is told may be Keras'."""
    is_saver = site.api == f"{_API}Saver" and bool(site.node.args)
    has_model = site.file.trains_with_fit() or site.file.builds_file()
    return is_saver and has_model and not site.file.runs_sessions()


def _tests_class(site: ValueSite) -> bool:
    """``isinstance(saver, tf.train.Saver)``: the saver may be one that TensorFlow made."""
    calls = [node for node in site.path if isinstance(node, cst.Call)]
    return (
        bool(calls)
        and isinstance(calls[-1].func, cst.Name)
        and (calls[-1].func.value in _CLASS_TESTS)
    )


SAVER = _SaverRule(
    code="SLIM313",
    name="saver",
    summary="tf.train.Saver, Supervisor ... -> the same, refusing other shapes",
    apis=(*(api for api in RESTORING if api != _INITIALIZING), "tf.train.Saver.*"),
    given={
        "ChiefSessionCreator": ("scaffold", 0),
        "MonitoredTrainingSession": ("scaffold", 3),
        "Scaffold": ("saver", 7),
        "SingularMonitoredSession": ("scaffold", 1),
        "Supervisor": ("saver", 9),
    },
    details=(
        "In TensorFlow 1 a variable refused a value of another shape. Those of layers take any in "
        "a graph, so that a model with another number of classes would train on with the old "
        "number. The written module's classes compare shapes before they restore, and are "
        "TensorFlow's otherwise. They come where a program with layers runs sessions. In programs "
        "without sessions a saver of some variables finds those of the model by name."
    ),
    examples=(
        Example(
            title="inference by hand",
            before="""
import tensorflow as tf
import tf_slim as slim


def main(_):
    images = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = slim.fully_connected(slim.flatten(images), 5, scope='logits')
    saver = tf.train.Saver(slim.get_model_variables(), max_to_keep=3)
    with tf.Session() as session:
        saver.restore(session, tf.train.latest_checkpoint('model'))


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import Saver, flatten, fully_connected, get_model_variables


def main(_):
    images = tf.placeholder(tf.float32, [None, 8, 8, 3])
    logits = fully_connected(flatten(images), 5, name='logits')
    saver = Saver(get_model_variables(), max_to_keep=3)
    with tf.Session() as session:
        saver.restore(session, tf.train.latest_checkpoint('model'))


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="classes, values, and sessions that restore",
            before="""
import tensorflow as tf
import tf_slim as slim
from tensorflow.python.training import saver as tf_saver


class BestSaver(tf.train.Saver):
    def restore(self, session, path):
        assert isinstance(self, tf.train.Saver)
        tf.train.Saver.restore(self, session, path + '-best')


def train(images, folder, make_saver=tf.train.Saver):
    slim.conv2d(images, 4, 3)
    supervisor = tf.train.Supervisor(logdir=folder)
    unsaved = tf.train.Supervisor(logdir=folder, saver=None)
    with tf.train.MonitoredTrainingSession(checkpoint_dir=folder) as session:
        session.run([])
    scaffold = tf.train.Scaffold(saver=tf_saver.Saver())
    with tf.train.SingularMonitoredSession(scaffold=scaffold) as session:
        session.run([])
    return supervisor, unsaved, make_saver()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import (
    MonitoredTrainingSession,
    Saver,
    SingularMonitoredSession,
    Supervisor,
    conv2d,
)

tf.disable_v2_behavior()


class BestSaver(Saver):
    def restore(self, session, path):
        assert isinstance(self, tf.train.Saver)
        Saver.restore(self, session, path + '-best')


def train(images, folder, make_saver=Saver):
    conv2d(images, 4, 3)
    supervisor = Supervisor(logdir=folder)
    unsaved = tf.train.Supervisor(logdir=folder, saver=None)
    with MonitoredTrainingSession(checkpoint_dir=folder) as session:
        session.run([])
    scaffold = tf.train.Scaffold(saver=Saver())
    with SingularMonitoredSession(scaffold=scaffold) as session:
        session.run([])
    return supervisor, unsaved, make_saver()
""",
        ),
        Example(
            title="no layers",
            before="""
import tensorflow as tf

weights = tf.Variable(tf.zeros([3]))
saver = tf.train.Saver()
with tf.Session() as session:
    saver.restore(session, 'model')
""",
            after="""
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

weights = tf.Variable(tf.zeros([3]))
saver = tf.train.Saver()
with tf.Session() as session:
    saver.restore(session, 'model')
""",
        ),
    ),
)
