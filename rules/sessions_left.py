"""Sessions that a program still opens though its user says that they are left behind."""

from slimport.index.program import Reference
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite


class _SessionRule(Rule):
    """Whatever opens a session is marked: its graph would run layers that are not made for one."""

    def call(self, site: CallSite) -> Outcome:
        return _left(site)

    def value(self, site: ValueSite) -> Outcome:
        return _left(site)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        return None if name.startswith("tf.train.") else f"{name} has no keras.ops equivalent"


def _left(site: Site) -> Leave:
    return Leave(
        f"{site.api}: a session, and --target keras leaves sessions behind",
        "call the model, or train it with fit()",
    )


SESSIONS_LEFT = _SessionRule(
    code="SLIM316",
    name="sessions_left",
    summary="with --target keras: sessions that are left over are marked",
    apis=(
        "tf.InteractiveSession",
        "tf.Session",
        "tf.train.MonitoredSession",
        "tf.train.MonitoredTrainingSession",
        "tf.train.SingularMonitoredSession",
        "tf.train.Supervisor",
    ),
    only_with="keras",
    details=(
        "Loops that --training fit turns into a model are not among them. Without --target keras "
        "sessions run migrated layers as they ran slim's, see SLIM311."
    ),
    refuses=(
        Refusal(
            "…: a session, and --target keras leaves sessions behind",
            "Layers are plain Keras there. In a TF 1 graph they would run, and compute something "
            "else: moving averages stand still, dropout draws one mask for all steps, and "
            "regularization losses are in no collection.",
            "call the model, or train it with fit()",
        ),
    ),
    examples=(
        Example(
            target="keras",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    return slim.fully_connected(images, 10, activation_fn=None, scope='logits')


def predict(images):
    logits = net(images)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(logits)
""",
            after="""
import tensorflow as tf

from scoped_layers import fully_connected


def net(images):
    return fully_connected(images, 10, activation=None, name='logits')


def predict(images):
    logits = net(images)
    # TODO(slimport): SLIM316 tf.Session: a session, and --target keras leaves sessions behind;
    #   call the model, or train it with fit()
    with tf.Session() as session:
        session.run(tf.compat.v1.global_variables_initializer())
        return session.run(logits)
""",
        ),
    ),
)
