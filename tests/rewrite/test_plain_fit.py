"""Trainings that become keras.Model(inputs, outputs), and those that need a LossModel."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import output, report, rewrite_program

HEAD = "import tensorflow as tf\nimport tf_slim as slim\n\n\n"
NET = """def net(images, is_training=True):
    {layers}
    return slim.fully_connected(slim.flatten(images), 3, activation_fn=None{options}), images


"""
LOAD = """def load(data):
    provider = slim.dataset_data_provider.DatasetDataProvider(data)
    [image, label] = provider.get(['image', 'label'])
    image = tf.to_float(image)
    {batch}


"""
TRAIN = """def train(data, folder):
    with tf.Graph().as_default():
        images, labels = load(data)
        {before}
        {network}
        {loss}
        {after}
        optimizer = tf.train.GradientDescentOptimizer(0.1)
        {workers}
        train_op = slim.learning.create_train_op(loss, optimizer{operation})
        slim.learning.train(train_op, folder, number_of_steps=9{loop})
"""
BATCH = "return tf.train.batch([image, label], 4)"


def rewritten(**parts: str) -> str:
    lines = {
        "layers": "net = images",
        "batch": BATCH,
        "before": "pass",
        "network": "logits, _ = net(images)",
        "loss": "loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)",
        "after": "pass",
        "options": "",
        "operation": "",
        "workers": "pass",
        "loop": "",
        **{name: part for name, part in parts.items() if name != "more"},
    }
    source = HEAD + (NET + LOAD + TRAIN).format(**lines) + parts.get("more", "")
    result = rewrite_program({"net.py": source})
    assert not report(result, "net.py").error
    text = output(result, "net.py")
    assert text is not None
    compile(text, "net.py", "exec")
    return text


TOTAL = "loss = tf.losses.get_total_loss()"
REGULARIZED = ", weights_regularizer=slim.l2_regularizer(0.1)"
PLAIN = {
    "as it is": ({}, "SparseCategoricalCrossentropy(from_logits=True)"),
    "regularized": (
        {
            "options": REGULARIZED,
            "loss": "tf.losses.mean_squared_error(labels, logits)",
            "after": TOTAL,
        },
        "MeanSquaredError()",
    ),
    "of slim": (
        {"loss": "slim.losses.absolute_difference(logits, labels)", "after": TOTAL},
        "MeanAbsoluteError()",
    ),
    "by name": (
        {"loss": "loss = tf.losses.sigmoid_cross_entropy(logits=logits, "
         "multi_class_labels=labels)"},
        "BinaryCrossentropy(from_logits=True)",
    ),
    "smoothed": (
        {"loss": "loss = slim.losses.softmax_cross_entropy(logits, labels, label_smoothing=0.1)"},
        "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)",
    ),
    "a delta": (
        {"loss": "loss = tf.losses.huber_loss(labels, logits, delta=0.5, scope='l')"},
        "Huber(delta=0.5)",
    ),
    "a summary of it": (
        {"after": "tf.summary.scalar('loss', loss)"},
        "SparseCategoricalCrossentropy(from_logits=True)",
    ),
    "under a scope": (
        {"network": "with slim.arg_scope([slim.fully_connected], activation_fn=tf.nn.elu):\n"
         "            logits, _ = net(images)"},
        "SparseCategoricalCrossentropy(from_logits=True)",
    ),
    "layers of its own": (
        {"network": "logits = slim.flatten(images)\n        "
         "logits = slim.fully_connected(logits, 3)"},
        "SparseCategoricalCrossentropy(from_logits=True)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "loss"), PLAIN.values(), ids=list(PLAIN))
def test_plain_models(parts: dict[str, str], loss: str) -> None:
    text = rewritten(**parts)
    assert "    model = keras.Model(images, logits)\n" in text
    assert f"loss=keras.losses.{loss}" in text and "    return batches\n" in text
    assert "model.fit(\n        batches,\n" in text
    assert "LossModel" not in text and "next_batch" not in text and "summary" not in text
    assert ("Summaries(folder, loss='loss')" in text) is ("summary" in parts.get("after", ""))


LOSS_MODELS = {
    "workers, each with batches of its own": {
        "workers": "optimizer = tf.train.SyncReplicasOptimizer(\n"
        "            opt=optimizer, replicas_to_aggregate=2, total_num_replicas=2)",
        "loop": ", sync_optimizer=optimizer, is_chief=(data.task == 0)",
    },
    "weights": {"loss": "loss = tf.losses.mean_squared_error(labels, logits, weights=0.5)"},
    "weights by place": {"loss": "loss = tf.losses.mean_squared_error(labels, logits, 0.5)"},
    "a reduction": {
        "loss": "loss = tf.losses.mean_squared_error(labels, logits, reduction='none')"
    },
    "another loss": {"loss": "loss = tf.losses.hinge_loss(labels, logits)"},
    "a loss of its own": {"loss": "loss = tf.reduce_mean(tf.square(logits))"},
    "two losses": {
        "loss": "tf.losses.mean_squared_error(labels, logits)\n"
        "        tf.losses.absolute_difference(labels, logits)",
        "after": TOTAL,
    },
    "regularized without the total": {"options": REGULARIZED},
    "the total is scaled": {
        "loss": "tf.losses.mean_squared_error(labels, logits)",
        "after": "loss = 2.0 * tf.losses.get_total_loss()",
    },
    "the total without regularization": {
        "loss": "tf.losses.mean_squared_error(labels, logits)",
        "after": "loss = tf.losses.get_total_loss(False)",
    },
    "labels first": {"loss": "loss = tf.losses.mean_squared_error(logits, labels)"},
    "labels that are prepared": {
        "loss": "loss = tf.losses.softmax_cross_entropy(slim.one_hot_encoding(labels, 3), logits)"
    },
    "images that are prepared": {"before": "images = images / 2.0"},
    "the network sees the labels": {"network": "logits, _ = net(images, labels)"},
    "a tensor operation": {"network": "logits = net(images)[0] * 2.0"},
    "a tensor operation of TensorFlow": {"network": "logits = tf.nn.relu(net(images)[0])"},
    "another output": {"loss": "loss = tf.losses.mean_squared_error(labels, net(images)[0])"},
    "a summary of another": {"after": "tf.summary.histogram('logits', logits)"},
    "a summary of the network": {"layers": "tf.summary.image('images', images)"},
    "a loss of the network": {
        "layers": "tf.losses.mean_squared_error(images, images)",
        "after": "loss = tf.losses.get_total_loss()",
    },
    "a network of TensorFlow": {"layers": "images = tf.image.random_flip_left_right(images)"},
    "three tensors": {"batch": "return tf.train.batch([image, label, label], 4)"},
    "a batch that is prepared": {
        "batch": "images, labels = tf.train.batch([image, label], 4)\n"
        "    return images, slim.one_hot_encoding(labels, 3)"
    },
    "a second caller": {"more": "\n\ndef show(data):\n    return load(data)\n"},
    "clipped": {"operation": ", clip_gradient_norm=1.0"},
    "some variables": {"operation": ", variables_to_train=slim.get_trainable_variables()"},
}


@pytest.mark.parametrize("parts", LOSS_MODELS.values(), ids=list(LOSS_MODELS))
def test_models_of_their_loss(parts: dict[str, str]) -> None:
    text = rewritten(**parts)
    assert "LossModel(" in text and "keras.Model(" not in text and "model.fit(" in text


def test_shapes_with_the_batch() -> None:
    text = rewritten(layers="size = images.get_shape()[0]")
    assert "keras.Input(batch_shape=images_spec.shape, dtype=images_spec.dtype)\n" in text


def test_a_pipeline_of_its_own() -> None:
    lines = LOAD.format(batch="").splitlines()[1:-3]
    read = "\n".join(["", *(f"    {line}" for line in lines)]).strip()
    body = f"{read}\n        images, labels = tf.train.batch([image, label], 4)  # few"
    source = HEAD + (NET + TRAIN).format(
        layers="pass", options="", before="pass", network="logits, _ = net(images)",
        loss="loss = tf.losses.mean_squared_error(labels, logits)", after="pass", operation="",
        workers="pass", loop="",
    ).replace("images, labels = load(data)", body)  # fmt: skip
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "    batches = batches.prefetch(tf.data.AUTOTUNE)\n    images_spec, _ = " in text
    assert "model = keras.Model(images, logits)\n" in text and "    # few\n" in text


def test_constants() -> None:
    source = HEAD + (NET + TRAIN).format(
        layers="pass", options="", before="pass", network="logits, _ = net(tf.constant(x))",
        loss="loss = tf.losses.mean_squared_error(tf.constant(y), logits)", after="pass",
        operation="", workers="pass", loop="",
    ).replace("images, labels = load(data)", "x, y = data  # all of it")  # fmt: skip
    text = output(rewrite_program({"net.py": source}), "net.py") or ""
    assert "    batches = tf.data.Dataset.from_tensors((x, y)).repeat()\n" in text
    assert "logits, _ = net(inputs)\n" in text and "model = keras.Model(inputs, logits)\n" in text
