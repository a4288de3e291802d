"""Building: what all layers share, to find or build a Keras layer by its scope path."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from slimport.written.collections import (
    collect_named_outputs,
    is_listed,
    list_variable,
)
from slimport.written.defaults import MODEL_VARIABLE, current_layer_defaults
from slimport.written.fresh_initializers import own_initializer
from slimport.written.graphs import LayerGraph, current_layer_graph, outside_of_traces
from slimport.written.names import legacy_weight_name
from slimport.written.saved_layers import is_lambda, keep_out_of_files
from slimport.written.sizes import whole


def scoped_layer(
    layer_class: Any, scope: Any, inputs: Any, variables_collections: Any = None, **settings: Any
) -> Any:
    """Returns the layer of a scope: the one that is there, or a new one that is built here.

    Args:
        layer_class: The class of the layer.
        scope: The variable scope; its path names the layer and its variables, its reuse flag
            says whether they may exist.
        inputs: The tensor that the layer is to be called on; `None` if the layer does not care.
        variables_collections: Collections for new variables: a list, or a dictionary by name.
        **settings: The arguments of `layer_class`; `name` is a path, if other than the scope's.

    Raises:
        ValueError: If variables exist and reuse is off, or are missing and reuse is on.
    """
    graph = current_layer_graph()
    settings = _with_whole_sizes(settings)
    if "dtype" not in settings:
        settings["dtype"] = _dtype_of(inputs)
    computation = {k: v for k, v in settings.items() if not k.endswith(_ABOUT_VARIABLES)}
    for layer, built_as in graph.layers.get(scope.name, []):
        if built_as == (layer_class, computation):
            for weight in layer.weights:
                graph.existing_variable(weight.legacy_name, scope.reuse)
            return layer
    name = graph.layer_name(settings.pop("name", scope.name))
    layer = layer_class(name=name, **_with_own_initializers(settings))
    layer.legacy_scope, layer.scope_regularizer = scope.name, scope.regularizer
    with _variables_of(graph, scope, layer, variables_collections):
        layer.build(None if inputs is None else tuple(inputs.shape))
    graph.layers.setdefault(scope.name, []).append((layer, (layer_class, computation)))
    _check_for_files(layer, {**settings, "scope_regularizer": scope.regularizer})
    return layer


def plain_layer(layer_class: Any, path: str, inputs: Any, **settings: Any) -> Any:
    """Makes a layer without variables, named after a scope path.

    Within one pass a path may occur again; the same occurrence yields the same layer in each pass.
    """
    graph = current_layer_graph()
    key = f"{path}:{graph.met.setdefault(path + ':', 0)}"
    graph.met[path + ":"] += 1
    if key not in graph.layers:
        settings = _with_whole_sizes(settings)
        with outside_of_traces():  # a seed is a variable
            layer = layer_class(name=graph.layer_name(path), dtype=_dtype_of(inputs), **settings)
        layer.legacy_scope = path.removesuffix("/")
        _check_for_files(layer, settings)
        graph.layers[key] = [(layer, None)]
    return graph.layers[key][0][0]


def finished(
    outputs: Any,
    scope: Any,
    activation: Any = None,
    normalizer: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    outputs_collections: Any = None,
) -> Any:
    """Applies what follows a layer, the normalizer and the activation, and collects the result."""
    if normalizer is not None:
        outputs = normalizer(outputs, **(normalizer_params or {}))
    if activation is not None:
        outputs = keras.activations.get(activation)(outputs)
    return collect_named_outputs(outputs_collections, scope.name, outputs)


def keras_data_format(data_format: str | None) -> str:
    """Translates `NHWC`, `NCHW` and their like; `None` is channels last.

    Raises:
        ValueError: If the format is unknown.
    """
    if data_format in ("NCW", "NCHW", "NCDHW", "channels_first"):
        return "channels_first"
    if data_format in (None, "NWC", "NHWC", "NDHWC", "channels_last"):
        return "channels_last"
    raise ValueError(f"Invalid data_format: {data_format!r}")


def channels_last(inputs: Any, data_format: str | None) -> Any:
    """Moves the channels to the end. Layers with a bias run so in either data format.

    With channels first, Keras adds a bias to the wrong dimension where the width of the images
    happens to equal the number of channels (`keras.ops.add` in 3.15).
    """
    if keras_data_format(data_format) == "channels_last":
        return inputs
    return keras.ops.transpose(inputs, [0, *range(2, len(inputs.shape)), 1])


def in_data_format(outputs: Any, data_format: str | None) -> Any:
    """Undoes `channels_last`."""
    if keras_data_format(data_format) == "channels_last":
        return outputs
    rank = len(outputs.shape)
    return keras.ops.transpose(outputs, [0, rank - 1, *range(1, rank - 1)])


# Settings that do not change what a layer computes: a layer found for reuse may differ in them.
_ABOUT_VARIABLES = ("_initializer", "_regularizer", "_constraint", "trainable")

_SIZES = ("depth_multiplier", "dilation_rate", "filters", "kernel_size", "pool_size", "strides")


def _on_device_of_variables() -> Any:
    """Opens the device of `layer_defaults([model_variable], device=...)`, if any is in force."""
    device = current_layer_defaults().get(MODEL_VARIABLE, {}).get("device")
    return tf.device(device) if device else contextlib.nullcontext()


@contextlib.contextmanager
def _variables_of(
    graph: LayerGraph, scope: Any, layer: Any, variables_collections: Any
) -> Iterator[None]:
    """While `layer` is built, its variables are found or created by their legacy names."""
    create = layer.add_weight

    def add_weight(**arguments: Any) -> Any:
        short_name = legacy_weight_name(layer, arguments["name"])
        path = f"{scope.name}/{short_name}" if scope.name else short_name
        variable = graph.existing_variable(path, scope.reuse)
        if variable is None:
            trainable = arguments.get("trainable", True) and layer.trainable
            if graph.tf_graph is None and layer.trainable:
                # TF 1 trains what is in its list, moving averages too if they were put there.
                names = _collections_for(short_name, variables_collections)
                if not trainable and "trainable_variables" in names:
                    layer.trained_weights = (*layer.trained_weights, arguments["name"])
                    trainable = True
            if trainable:
                graph.trainable.add(path)
            elif graph.tf_graph is not None:  # its list of trainable variables is made here
                arguments["trainable"] = False
            if graph.tf_graph is not None:
                arguments["initializer"] = own_initializer(
                    keras.initializers.get(arguments["initializer"])
                )
            of_model = getattr(layer, "has_model_variables", True)
            with _on_device_of_variables():
                variable = graph.add_variable(path, lambda: create(**arguments), of_model)
            _collect(variable, path, _collections_for(short_name, variables_collections))
        elif tuple(variable.shape) != tuple(arguments["shape"]):
            raise ValueError(
                f"Trying to share variable {path}, but specified shape {arguments['shape']} and "
                f"found shape {variable.shape}."
            )
        else:
            keep_out_of_files(layer, f"it shares the variable {path} with another layer")
        return variable

    layer.add_weight = add_weight
    try:
        yield
    finally:
        del layer.add_weight


def _check_for_files(layer: Any, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        if is_lambda(value):
            keep_out_of_files(layer, f"its {name} is a lambda, not a function with a name")
        elif type(value).__module__.startswith("tensorflow.") and hasattr(value, "get_config"):
            keep_out_of_files(layer, f"its {name} is TensorFlow's {type(value).__name__}")


def _collect(variable: Any, path: str, collections: Any) -> None:
    """Adds a new variable to the collections asked for."""
    tensor = variable if current_layer_graph().tf_graph is None else variable.value
    for collection in collections:
        if not is_listed(collection, path, tensor):
            list_variable(collection, path, tensor)


def _collections_for(short_name: str, variables_collections: Any) -> Any:
    """The collections of a variable, by the name TF-Slim looks them up with."""
    if isinstance(variables_collections, dict):
        name = "weights" if short_name.endswith("_weights") else short_name
        variables_collections = variables_collections.get(name)
    return variables_collections or ()


def _dtype_of(inputs: Any) -> str | None:
    """Variables take the dtype of the inputs; `None` (Keras' own setting) for float32."""
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    return None if dtype == "float32" or "float" not in dtype else dtype


def _with_whole_sizes(settings: dict[str, Any]) -> dict[str, Any]:
    return {k: whole(k, v) if k in _SIZES else v for k, v in settings.items()}


def _with_own_initializers(settings: dict[str, Any]) -> dict[str, Any]:
    """Copies initializers: a Keras initializer used twice gives the same values twice."""
    return {
        name: value.clone() if isinstance(value, keras.initializers.Initializer) else value
        for name, value in settings.items()
    }
