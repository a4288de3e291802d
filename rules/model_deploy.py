"""slim's model_deploy: clones of a network on several devices become replicas of a strategy."""

from slimport.rewrite.clones import CODE, NAME
from slimport.rewrite.rule import Example, Rule

MODEL_DEPLOY = Rule(
    code=CODE,
    name=NAME,
    summary="model_deploy's clones and slim.learning.train -> tf.distribute, compile and fit",
    apis=("model_deploy",),
    details=(
        "slim's training scripts clone a network with deployment/model_deploy.py, which is no part "
        "of the slim package: a copy in the tree counts if it computes what the published one "
        "does. The function of a clone becomes the loss of a LossModel; what a step updated (the "
        "gradients of all clones, the first one's moving statistics, moving averages of variables) "
        "its compile and train_step update. Devices go: a strategy places replicas. Summaries that "
        "the script collects are logged in the loss. A block stays on sessions (SLIM242) where it "
        "does anything else. The edit is made by slimport/rewrite/clones.py, found by clones.py, "
        "clone_updates.py, clone_loop.py and clone_checks.py of slimport/index. See "
        "docs/distribution.md."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim
from deployment import model_deploy

from data import flowers
from nets import network

FLAGS = tf.app.flags.FLAGS


def configure_learning_rate(global_step):
    return tf.train.exponential_decay(0.01, global_step, 1000, 0.94, staircase=True)


def main(_):
    with tf.Graph().as_default():
        deploy_config = model_deploy.DeploymentConfig(
            num_clones=FLAGS.num_clones, clone_on_cpu=FLAGS.clone_on_cpu)
        with tf.device(deploy_config.variables_device()):
            global_step = slim.create_global_step()

        with tf.device(deploy_config.inputs_device()):
            provider = slim.dataset_data_provider.DatasetDataProvider(flowers(FLAGS.data))
            image, label = provider.get(['image', 'label'])
            images, labels = tf.train.batch([image, label], batch_size=32, num_threads=4)
            labels = slim.one_hot_encoding(labels, 5)
            batch_queue = slim.prefetch_queue.prefetch_queue(
                [images, labels], capacity=2 * deploy_config.num_clones)

        def clone_fn(batch_queue):
            images, labels = batch_queue.dequeue()
            logits, end_points = network(images)
            tf.losses.softmax_cross_entropy(labels, logits, label_smoothing=0.1)
            return end_points

        summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
        clones = model_deploy.create_clones(deploy_config, clone_fn, [batch_queue])
        first_clone_scope = deploy_config.clone_scope(0)
        update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, first_clone_scope)

        end_points = clones[0].outputs
        for end_point in end_points:
            summaries.add(tf.summary.scalar(
                'sparsity/' + end_point, tf.nn.zero_fraction(end_points[end_point])))

        # The optimizer.
        with tf.device(deploy_config.optimizer_device()):
            learning_rate = configure_learning_rate(global_step)
            optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9)
            summaries.add(tf.summary.scalar('learning_rate', learning_rate))

        total_loss, gradients = model_deploy.optimize_clones(
            clones, optimizer, var_list=slim.get_trainable_variables('logits'))
        summaries.add(tf.summary.scalar('total_loss', total_loss))
        update_ops.append(optimizer.apply_gradients(gradients, global_step=global_step))
        update_op = tf.group(*update_ops)
        with tf.control_dependencies([update_op]):
            train_tensor = tf.identity(total_loss, name='train_op')

        summaries |= set(tf.get_collection(tf.GraphKeys.SUMMARIES, first_clone_scope))
        summary_op = tf.summary.merge(list(summaries), name='summary_op')
        slim.learning.train(
            train_tensor, logdir=FLAGS.train_dir, summary_op=summary_op,
            number_of_steps=FLAGS.steps, save_summaries_secs=300)


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import keras
import tensorflow as tf

from data import flowers
from nets import network

from scoped_layers import (
    Checkpoints,
    DatasetDataProvider,
    LogLoss,
    LossModel,
    Momentum,
    StopAtStep,
    Summaries,
    clone_strategy,
    get_total_loss,
    get_trainable_variables,
    log_scalar,
    next_batch,
    one_hot_encoding,
)

FLAGS = tf.compat.v1.app.flags.FLAGS


def configure_learning_rate():
    return keras.optimizers.schedules.ExponentialDecay(0.01, 1000, 0.94, staircase=True)


def main(_):
    strategy = clone_strategy(num_clones=FLAGS.num_clones, clone_on_cpu=FLAGS.clone_on_cpu)

    provider = DatasetDataProvider(flowers(FLAGS.data))

    def prepare(example):
        image, label = example['image'], example['label']
        return image, label

    batches = provider.examples.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.batch(32, drop_remainder=True)

    def arrange(images, labels):
        labels = one_hot_encoding(labels, 5)
        return images, labels

    batches = batches.map(arrange, num_parallel_calls=tf.data.AUTOTUNE)
    batch_queue = batches.prefetch(tf.data.AUTOTUNE)

    def clone_fn(batch_queue):
        images, labels = next_batch(batch_queue)
        logits, end_points = network(images)
        tf.compat.v1.losses.softmax_cross_entropy(labels, logits, label_smoothing=0.1)
        return end_points

    def build_loss():
        end_points = clone_fn(batch_queue)
        for end_point in end_points:
            log_scalar('sparsity/' + end_point, tf.nn.zero_fraction(end_points[end_point]))
        return get_total_loss()

    with strategy.scope():
        model = LossModel(build_loss)

        # The optimizer.
        learning_rate = configure_learning_rate()
        optimizer = Momentum(learning_rate, 0.9)

        with model.layer_graph():
            model.compile(
                optimizer=optimizer,
                variables_to_train=get_trainable_variables('logits'),
                check_numerics=False,
            )

    training_log = LogLoss()
    model.fit(
        model.batches,
        steps_per_epoch=FLAGS.steps,
        callbacks=[
            Checkpoints(FLAGS.train_dir),
            StopAtStep(FLAGS.steps),
            Summaries(
                FLAGS.train_dir,
                save_summaries_secs=300,
                learning_rate='learning_rate',
                loss='total_loss',
            ),
            training_log,
        ],
    )


if __name__ == '__main__':
    tf.compat.v1.app.run()
""",
        ),
    ),
)
