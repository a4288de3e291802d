"""Clones of a network on the processor, for legacy scripts of the tests: slim's own interface."""

import collections

import tensorflow as tf

Clone = collections.namedtuple("Clone", ["outputs", "scope"])


class DeploymentConfig:
    """How many clones there are; every device is the processor."""

    def __init__(
        self, num_clones=1, clone_on_cpu=False, replica_id=0, num_replicas=1, num_ps_tasks=0
    ):
        if num_replicas != 1 or num_ps_tasks:
            raise ValueError("one worker")
        self.num_clones = num_clones

    def clone_scope(self, index):
        return f"clone_{index}/" if self.num_clones > 1 else ""

    def variables_device(self):
        return "/device:CPU:0"

    inputs_device = optimizer_device = variables_device


def create_clones(config, model_fn, args=None, kwargs=None):
    """Calls a function once for each clone; they share their variables."""
    clones = []
    for index in range(config.num_clones):
        scope = config.clone_scope(index)
        shares = True if index else None
        with tf.name_scope(scope), tf.variable_scope(tf.get_variable_scope(), reuse=shares):
            clones.append(Clone(model_fn(*args or (), **kwargs or {}), scope))
    return clones


def optimize_clones(clones, optimizer, regularization_losses=None, **kwargs):
    """The mean of the clones' losses with the regularization once, and its gradients."""
    if regularization_losses is None:
        regularization_losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    losses, gradients = [], {}
    for index, clone in enumerate(clones):
        own = tf.add_n(tf.get_collection(tf.GraphKeys.LOSSES, clone.scope)) / len(clones)
        parts = [own, *(regularization_losses if index == 0 else ())]
        losses.append(tf.add_n(parts))
        for gradient, variable in optimizer.compute_gradients(losses[-1], **kwargs):
            if gradient is not None:
                gradients.setdefault(variable, []).append(gradient)
    return tf.add_n(losses), [(tf.add_n(parts), variable) for variable, parts in gradients.items()]
