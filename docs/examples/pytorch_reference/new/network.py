"""The network in Keras: pictures come channels last."""

import keras
from keras import layers


class BatchNormalization(layers.BatchNormalization):
    """Keras' layer with PyTorch's moving variance, which takes n / (n - 1) of the batch's."""

    def call(self, inputs, training=None, mask=None):
        before = self.moving_variance.value + 0.0
        outputs = super().call(inputs, training=training, mask=mask)
        if training:
            count = keras.ops.cast(keras.ops.size(inputs[..., 0]), inputs.dtype)
            added = self.moving_variance.value - self.momentum * before
            self.moving_variance.assign(self.momentum * before + added * count / (count - 1))
        return outputs


def conv2d_bn(x, filters, strides, number):
    """A convolution with one pixel of zeros on each side, batch norm, relu."""
    x = layers.ZeroPadding2D(1)(x)
    x = layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"conv{number}")(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"bn{number}")(x)
    return layers.ReLU()(x)


def network(images, classes=10):
    """Returns all that is to be compared, by name."""
    conv1 = conv2d_bn(images, 16, 2, 1)
    conv2 = conv2d_bn(conv1, 32, 1, 2)
    padded = layers.ZeroPadding2D(1)(conv2)  # behind a relu zeros are as low as PyTorch's -inf
    pool = layers.MaxPooling2D(3, strides=2)(padded)
    logits = layers.Dense(classes, name="fc")(layers.Flatten()(pool))
    return {"conv1": conv1, "conv2": conv2, "pool": pool, "logits": logits}
