"""The same network in plain Keras."""

import collections

import keras

Heads = collections.namedtuple("Heads", ["logits", "classes", "extra"])


def conv2d_bn(x, filters, kernel_size, strides=1, weight_decay=0.01, name=None):
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_regularizer=keras.regularizers.L2(0.5 * weight_decay),
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=0.001, name=f"{name}__BatchNorm")(x)
    return keras.layers.ReLU()(x)


@keras.saving.register_keras_serializable()
class BatchNormalization(keras.layers.BatchNormalization):
    """Moving variance with Bessel's correction, as the fused kernel of TensorFlow has it."""

    def call(self, inputs, training=None, mask=None):
        before = self.moving_variance.value + 0.0
        outputs = super().call(inputs, training=training, mask=mask)
        if training:
            count = inputs.shape[0] * inputs.shape[1] * inputs.shape[2]
            biased = self.moving_variance.value
            factor = count / (count - 1)
            batch = (biased - self.momentum * before) / (1 - self.momentum)
            self.moving_variance.assign(
                self.momentum * before + (1 - self.momentum) * batch * factor
            )
        return outputs


def net(images, num_classes=5):
    end_points = {}
    x = conv2d_bn(images, 8, 3, strides=2, name="Mini__conv1")
    end_points["conv1"] = x
    a = conv2d_bn(x, 4, 1, name="Mini__Branches__a")
    b = conv2d_bn(x, 4, 3, name="Mini__Branches__b")
    x = keras.layers.Concatenate()([a, b])
    end_points["Branches"] = x
    x = keras.layers.MaxPooling2D(2, 2, name="Mini__pool")(x)
    end_points["pool"] = x
    x = keras.layers.GlobalAveragePooling2D()(x)
    end_points["mean"] = x
    logits = keras.layers.Dense(num_classes, name="Mini__logits")(x)
    end_points["predictions"] = keras.layers.Softmax()(logits)
    return logits, end_points


def heads(images, lengths):
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="heads__conv")(images)
    x = keras.ops.mean(x, [1, 2]) * keras.ops.expand_dims(keras.ops.cast(lengths, "float32"), 1)
    return Heads(x, keras.ops.argmax(x, 1), {"nothing": None, "kind": "mini", "sizes": [4, 2.5]})
