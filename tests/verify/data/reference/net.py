"""Two layers in Keras."""

import keras


class BatchNormalization(keras.layers.BatchNormalization):
    """The moving variance takes n / (n - 1) of the batch's."""

    def call(self, inputs, training=None, mask=None):
        before = self.moving_variance.value + 0.0
        outputs = super().call(inputs, training=training, mask=mask)
        if training:
            count = inputs.shape[0] * inputs.shape[1] * inputs.shape[2]
            added = self.moving_variance.value - self.momentum * before
            self.moving_variance.assign(self.momentum * before + added * count / (count - 1))
        return outputs


def net(images, padding="same", l2=0.005):
    x = images
    if padding == "symmetric":
        x = keras.layers.ZeroPadding2D()(x)[:, :-1, :-1]
    padding = "valid" if padding == "symmetric" else padding
    x = keras.layers.Conv2D(
        4, 3, strides=2, padding=padding, use_bias=False, name="net__conv"
    )(x)
    x = BatchNormalization(momentum=0.9, scale=False, name="net__conv__BatchNorm")(x)
    conv = keras.layers.ReLU()(x)
    x = keras.layers.MaxPooling2D(2)(conv)
    x = keras.layers.Dropout(0.25)(x)
    x = keras.layers.Flatten()(x)
    logits = keras.layers.Dense(
        5, name="net__logits", kernel_regularizer=keras.regularizers.L2(l2)
    )(x)
    return logits, {"conv": conv, "probabilities": keras.ops.softmax(logits)}


def more(images):
    logits, end_points = net(images)
    return keras.layers.Dense(5, use_bias=False, name="net__more")(logits), end_points
