"""tf.set_random_seed in programs that train with fit: what it no longer seeds."""

from slimport.rewrite.rule import Example, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite

_NOTE = (
    "it seeds TensorFlow's operations; layers of Keras draw their first weights from Python's "
    "random: keras.utils.set_random_seed seeds that as well, and NumPy"
)


class _SeedRule(Rule):
    """The call stays; the report says that weights do not begin alike any more."""

    def call(self, site: CallSite) -> Outcome:
        site.file.note(_NOTE)
        return site.file.tf1(site)

    def value(self, site: ValueSite) -> Outcome:
        return site.file.tf1(site)


RANDOM_SEED = _SeedRule(
    code="SLIM284",
    name="random_seed",
    summary="tf.set_random_seed stays, with a remark, where a program trains with fit",
    apis=("tf.set_random_seed", "tf.random.set_random_seed"),
    only_with="fit",
    details=(
        "keras.utils.set_random_seed would seed NumPy too, and so change what the program draws "
        "there: whoever wants it writes it."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def train(folder):
    tf.set_random_seed(1)
    loss = tf.reduce_mean(slim.fully_connected(tf.ones([2, 3]), 1))
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
    slim.learning.train(train_op, folder, number_of_steps=100)
""",
            after="""
import keras
import tensorflow as tf

from scoped_layers import Checkpoints, LogLoss, LossModel, StopAtStep, fully_connected


def train(folder):
    tf.compat.v1.set_random_seed(1)

    def build_loss():
        loss = tf.reduce_mean(fully_connected(tf.ones([2, 3]), 1))
        return loss

    model = LossModel(build_loss)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=100,
        callbacks=[Checkpoints(folder), StopAtStep(100), training_log],
    )
""",
        ),
    ),
)
