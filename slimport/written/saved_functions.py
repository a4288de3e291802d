"""Functions in files: saved by their names, with the arguments that they are called with."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def saved_function(function: Any, owner: str) -> Any:
    """Returns what a .keras file holds of a function: its name.

    Args:
        function: A function that a module defines under its name.
        owner: What runs the function, for the error.

    Raises:
        NotImplementedError: For a lambda, a function within another, or any other object.
    """
    if not inspect.isfunction(function) or "<" in function.__qualname__:
        raise NotImplementedError(
            f"{owner} does not fit into a .keras file, which holds functions by name: {function} "
            "is none that a module defines by def at its top level. Define it there, or save the "
            "weights alone, by save_weights."
        )
    name = keras.saving.get_registered_name(function)
    return {"name": name, "module": function.__module__}


def loaded_function(config: dict[str, Any], owner: str) -> Any:
    """Finds a function again, among those that the program knows by name.

    Nothing is imported here: a file does not choose the code that runs.

    Raises:
        ValueError: If the program has not said which function it is.
    """
    name = config["name"]
    function = keras.saving.get_registered_object(name)
    if function is None:
        raise ValueError(
            f"{owner} runs the function {name} of the module {config['module']}. Import it, and "
            f"say that it is meant: keras.models.load_model(..., custom_objects="
            f"{{{name!r}: {name}}})."
        )
    return function


def saved_value(value: Any, owner: str) -> Any:
    """Returns what a .keras file holds of an argument, so that it comes back as it is.

    JSON has neither tuples nor keys other than strings.

    Raises:
        NotImplementedError: For an object that Keras cannot make again.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (list, tuple):
        return {type(value).__name__: [saved_value(part, owner) for part in value]}
    if type(value) is dict:
        return {"dict": [saved_value(item, owner) for item in value.items()]}
    if isinstance(value, tf.DType):
        return {"dtype": value.name}
    if isinstance(value, tf.TensorSpec):
        shape = None if value.shape.rank is None else value.shape.as_list()
        return {"spec": [shape, value.dtype.name]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"array": [value.tolist(), value.dtype.name]}
    if inspect.isfunction(value):
        return {"function": saved_function(value, owner)}
    # What has variables would come back with others.
    if hasattr(value, "get_config") and not hasattr(value, "variables"):
        return {"object": keras.saving.serialize_keras_object(value)}
    raise NotImplementedError(
        f"{owner} does not fit into a .keras file: its function takes {value!r}, which Keras "
        "cannot make again from a file. Save the weights alone, by save_weights."
    )


def loaded_value(config: Any, owner: str) -> Any:
    """Makes an argument again from what `saved_value` returned."""
    if not isinstance(config, dict):
        return config
    [(kind, content)] = config.items()
    if kind == "dtype":
        return tf.as_dtype(content)
    if kind == "spec":
        return tf.TensorSpec(*content)
    if kind == "array":
        return np.asarray(*content)
    if kind == "function":
        return loaded_function(content, owner)
    if kind == "object":
        return keras.saving.deserialize_keras_object(content)
    return {"list": list, "tuple": tuple, "dict": dict}[kind](
        loaded_value(part, owner) for part in content
    )
