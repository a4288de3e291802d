"""Models for `slimport weights --model tiny_models:...`."""

from __future__ import annotations

from typing import Any

import keras

from slimport.written import models
from slimport.written.moving_average_optimizer import MovingAverageOptimizer
from slimport.written.scopes import variable_scope


def small(classes: int = 3, width: int = 4) -> keras.Model:
    """A backbone, `net/conv` with batch norm, and a head, `net/logits`."""
    inputs = keras.Input((8, 8, 3))
    return keras.Model(inputs, network(inputs, classes, width))


def network(images: Any, classes: int = 3, width: int = 4, is_training: bool = True) -> Any:
    """The same as a function of tensors."""
    del is_training  # Keras says it when the model is called
    x = keras.layers.Conv2D(width, 3, name="net__conv", use_bias=False)(images)
    x = keras.layers.BatchNormalization(name="net__conv__BatchNorm", epsilon=0.001)(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return {"logits": keras.layers.Dense(classes, name="net__logits")(x)}


def network_of_two(inputs: Any) -> Any:
    """The same for two images."""
    return network(inputs[0] + inputs[1])


def branches(names: str, scope: str = "net") -> keras.Model:
    """Layers of one shape side by side."""
    inputs = keras.Input((4,))
    outputs = [keras.layers.Dense(4, name=f"{scope}__{n}")(inputs) for n in names]
    return keras.Model(inputs, {f"out{place}": x for place, x in enumerate(outputs)})


class Held(keras.layers.Layer):
    """A layer in an attribute."""

    def __init__(self) -> None:
        super().__init__(name="net__held")
        self.inner = keras.layers.Dense(4)

    def call(self, inputs: Any) -> Any:
        return self.inner(inputs)


def numbered(count: int = 2, is_held: bool = True, before: int = 0) -> keras.Model:
    """Layers that nobody gave a name."""
    for _ in range(before):
        keras.layers.Dense(1)
    x = inputs = keras.Input((4,))
    for _ in range(count):
        x = keras.layers.Dense(4)(x)
    x = Held()(x) if is_held else x
    return keras.Model(inputs, keras.layers.EinsumDense("ab,bc->ac", 4, name="net__last")(x))


@keras.saving.register_keras_serializable("tiny_models")
class Types(keras.layers.Layer):
    """A variable of each dtype, one without an axis and one without a value."""

    def build(self, shape: Any) -> None:
        for dtype in ("bool", "int8", "int64", "uint16", "float64", "float16", "bfloat16"):
            name = f"of_{dtype}"
            self.add_weight((2, 2), "zeros", dtype=dtype, trainable=False, name=name)
        self.add_weight((), "zeros", name="number")
        self.add_weight((0, 3), "zeros", name="empty")

    def call(self, inputs: Any) -> Any:
        return inputs


def types() -> keras.Model:
    """A model of such variables."""
    inputs = keras.Input((4,))
    return keras.Model(inputs, Types(name="net__types")(inputs))


def compiled(
    name: str = "adam", kind: str = "Adam", average: bool = True, **settings: Any
) -> keras.Model:
    """The model, set to train with averages."""
    model = small()
    inner = getattr(keras.optimizers, kind)(0.1, name=name, **settings)
    model.compile(optimizer=MovingAverageOptimizer(inner, 0.9) if average else inner)
    return model


def traced() -> keras.Model:
    """A model of TensorFlow code."""

    def scoped(images: Any) -> Any:
        with variable_scope("net"):
            return keras.ops.convert_to_tensor(images) * 1.0

    return models.TracedModel(scoped)


def unbuilt() -> keras.Model:
    """A model without variables."""
    return keras.Sequential([keras.layers.Dense(2)])


def failing() -> keras.Model:
    """No model."""
    raise RuntimeError("the weather is bad")


def nothing() -> int:
    """No model, either."""
    return 3
