# mypy: allow-subclassing-any
"""Variables: used directly, without a layer function."""

from __future__ import annotations

import contextlib
import re
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from slimport.written.building import scoped_layer
from slimport.written.collections import add_to_collection, get_collection, list_variable
from slimport.written.defaults import MODEL_VARIABLE, keyed, takes_layer_defaults
from slimport.written.fresh_initializers import own_initializer
from slimport.written.graphs import VariableScope, current_layer_graph, require_tf_graph
from slimport.written.initial_values import starting_value
from slimport.written.initializers import ValueInitializer
from slimport.written.penalties import PenalizedLayer, penalty_of_value
from slimport.written.restoring import require_scopes
from slimport.written.scopes import get_variable_scope
from slimport.written.sizes import whole

__all__ = [
    "add_model_variable",
    "assign_from_values",
    "assign_from_values_fn",
    "filter_variables",
    "get_local_variables",
    "get_model_variables",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "model_variable",
    "variable",
]


@takes_layer_defaults
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    device: Any = None,
    *,
    caching_device: Any = None,
    use_resource: Any = None,
) -> Any:
    """Creates a variable in the current scope, or finds it there; see `get_variable`."""
    settings = {"caching_device": caching_device, "use_resource": use_resource}
    given = (dtype, initializer, regularizer, trainable, collections)
    with tf.device(device) if device else contextlib.nullcontext():
        return get_variable(name, shape, *given, **settings)


@takes_layer_defaults
@keyed(MODEL_VARIABLE)
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = "float32",
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    device: Any = None,
    *,
    caching_device: Any = None,
    use_resource: Any = None,
) -> Any:
    """Creates a variable of the model, or finds it there; see `get_variable`.

    A default of `device` holds for the variables of layers, too.
    """
    kept = [*(collections or []), "variables", "model_variables"]
    settings = {"caching_device": caching_device, "use_resource": use_resource}
    given = (dtype, initializer, regularizer, trainable, kept, device)
    return variable(name, shape, *given, **settings)


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    *,
    constraint: Any = None,
    caching_device: Any = None,
    use_resource: Any = None,
) -> Any:
    """Creates a variable in the current variable scope, or finds it there for reuse.

    Args:
        name: Name below the scope.
        shape: Its shape; may be left out where `initializer` is a value.
        dtype: Its dtype; `None` for that of the value, or the scope's (float32 if it has none).
        initializer: A name, a Keras initializer, a function of shape and dtype, or a value;
            `None` for the scope's, or else Glorot uniform (zeros for integers).
        regularizer: A function of the variable; `None` for the scope's.
        trainable: Whether the variable is trainable.
        collections: Collections to add a new variable to.
        constraint: A function of the value that optimizers apply after each step.
        caching_device: Where a TF 1 graph keeps a copy of it.
        use_resource: Kind of the variable in a TF 1 graph.

    Returns:
        A TensorFlow variable; in a functional model a KerasTensor of its value.

    Raises:
        ValueError: If the variable exists and reuse is off, or is missing and reuse is on.
    """
    graph, scope = current_layer_graph(), get_variable_scope()
    initializer = scope.initializer if initializer is None else initializer
    if graph.tf_graph is None or not tf.is_symbolic_tensor(initializer):
        shape, dtype, initializer = _initialization(
            name, whole("shape", shape), dtype, initializer, scope.dtype
        )
    if graph.tf_graph is not None:
        return tf.compat.v1.get_variable(
            name,
            shape,
            dtype,
            own_initializer(initializer),
            penalty_of_value(regularizer),
            trainable,
            collections,
            caching_device,
            use_resource=use_resource,
            constraint=constraint,
        )
    path, _, short_name = f"{scope.name}/{name}".strip("/").rpartition("/")
    is_new = f"{path}/{short_name}".lstrip("/") not in graph.variables
    layer = scoped_layer(
        VariableLayer,
        VariableScope(path, scope.reuse),
        None,
        name=f"{path}/{short_name}",
        weight_name=short_name,
        shape=shape,
        weight_initializer=initializer,
        weight_regularizer=regularizer or scope.regularizer,
        weight_constraint=constraint,
        trainable=trainable,
        dtype=dtype,
    )
    if "model_variables" in (collections or ()):
        graph.not_of_model.discard(f"{path}/{short_name}".lstrip("/"))
    for collection in dict.fromkeys(collections or ()) if is_new else ():
        if collection not in _KEPT_ANYWAY:
            list_variable(collection, f"{path}/{short_name}".lstrip("/"), layer.variable)
    return layer.variable.value if graph.anchor is None else layer(graph.anchor)


@keras.saving.register_keras_serializable("scoped_layers")
class VariableLayer(PenalizedLayer):
    """Holds one variable; called on any tensor of a functional model, it returns its value."""

    legacy_names: ClassVar[dict[str, str]] = {}  # `kernel` is `kernel` in TF 1 too
    has_model_variables = False

    def __init__(
        self,
        weight_name: str,
        shape: Any,
        weight_initializer: Any,
        weight_regularizer: Any = None,
        weight_constraint: Any = None,
        legacy_scope: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.weight_name, self.shape = weight_name, tuple(shape)
        self.weight_initializer = keras.initializers.get(weight_initializer)
        self.weight_regularizer = keras.regularizers.get(weight_regularizer)
        self.weight_constraint = keras.constraints.get(weight_constraint)
        self.legacy_scope = legacy_scope

    def build(self, input_shape: Any = None) -> None:
        """Creates the variable."""
        self.variable = self.add_weight(
            shape=self.shape,
            initializer=self.weight_initializer,
            regularizer=self.weight_regularizer,
            constraint=self.weight_constraint,
            name=self.weight_name,
        )

    def call(self, inputs: Any) -> Any:
        """Returns the value of the variable, whatever the inputs."""
        return keras.ops.copy(self.variable)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the layer."""
        return {
            **super().get_config(),
            "weight_name": self.weight_name,
            "shape": self.shape,
            "weight_initializer": keras.initializers.serialize(self.weight_initializer),
            "weight_regularizer": keras.regularizers.serialize(self.weight_regularizer),
            "weight_constraint": keras.constraints.serialize(self.weight_constraint),
            "legacy_scope": self.legacy_scope,
        }


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = "variables"
) -> list[Any]:
    """Lists variables, in the order of their creation.

    Args:
        scope: A scope, or a regular expression that the names are to start with.
        suffix: The end of the names.
        collection: Where to look: `"variables"`, `"model_variables"`, `"trainable_variables"`, or
            a collection of one's own.
    """
    pattern = getattr(scope, "name", scope)
    if suffix is not None:
        pattern = f"{pattern or ''}.*{suffix}" + ("" if ":" in suffix else ":")
    if current_layer_graph().tf_graph is not None:
        return list(tf.compat.v1.get_collection(collection, pattern))
    members, names = get_collection(collection), _full_names()
    return [v for v in members if not pattern or re.match(pattern, f"{names.get(id(v), '')}:0")]


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Lists the model's variables; see `get_variables`."""
    return get_variables(scope, suffix, "model_variables")


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Lists the trainable variables; see `get_variables`."""
    return get_variables(scope, suffix, "trainable_variables")


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Lists the variables of the collection `"local_variables"`; see `get_variables`."""
    return get_variables(scope, suffix, "local_variables")


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """Lists the variables whose names end so; see `get_variables`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """Lists the variables whose last name is `given_name`; see `get_variables`."""
    return get_variables(scope=scope, suffix=f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """Finds the variable of this full name.

    Raises:
        ValueError: If there is none.
    """
    graph = current_layer_graph()
    if graph.tf_graph is None:
        named = graph.variables
    else:
        named = {v.op.name: v for v in get_variables(var_op_name)}
    if var_op_name not in named:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    return named[var_op_name]


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """Lists the variables of some scopes but not of others.

    Args:
        include: Scopes, a list; `None` for all variables.
        exclude: Scopes whose variables are left out, a list.

    Raises:
        TypeError: If one is a string.
    """
    for argument, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None:
            require_scopes(scopes, argument)
    chosen = get_variables() if include is None else [v for s in include for v in get_variables(s)]
    excluded = {id(v) for scope in exclude or () for v in get_variables(scope)}
    return [variable for variable in chosen if id(variable) not in excluded]


def filter_variables(
    var_list: Any,
    include_patterns: Any = None,
    exclude_patterns: Any = None,
    reg_search: bool = True,
) -> list[Any]:
    """Lists the variables whose names match one of some patterns and none of others.

    Args:
        var_list: The variables.
        include_patterns: Regular expressions; `None` for all variables.
        exclude_patterns: Regular expressions; `None` to leave no variable out.
        reg_search: Whether a match may start anywhere in a name, and not at its start alone.
    """
    match, variables = re.search if reg_search else re.match, list(var_list)
    names = {id(variable): f"{variable_op_name(variable)}:0" for variable in variables}

    def matches(variable: Any, patterns: Any) -> bool:
        return any(match(pattern, names[id(variable)]) for pattern in patterns)

    return [
        variable
        for variable in variables
        if (include_patterns is None or matches(variable, include_patterns))
        and not (exclude_patterns is not None and matches(variable, exclude_patterns))
    ]


def get_variable_full_name(var: Any) -> str:
    """Returns the name of a variable in a checkpoint, e.g. `InceptionV2/Conv2d_1a/weights`."""
    part = getattr(var, "_save_slice_info", None)
    return str(part.full_name) if part else variable_op_name(var)


def add_model_variable(var: Any) -> None:
    """Adds a variable to those that `get_model_variables` lists.

    Raises:
        ValueError: Outside a TF 1 graph, if no function of this module created the variable.
    """
    graph = current_layer_graph()
    if graph.tf_graph is None:
        path = _full_names().get(id(var))
        if path is None:
            raise ValueError(f"{var} was not created by a layer or variable of this network")
        graph.not_of_model.discard(path)
    elif all(present is not var for present in get_model_variables()):
        add_to_collection("model_variables", var)


def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Any, dict[Any, Any]]:
    """Makes an operation of a TF 1 graph that assigns values to variables.

    Args:
        var_names_to_values: Values by the names of the variables.

    Returns:
        The operation, and what to feed when it is run.

    Raises:
        RuntimeError: Outside of a TF 1 graph.
        ValueError: If a name is that of no variable, or not of one alone.
    """
    require_tf_graph(
        "assign_from_values", "A model has `legacy_variables(model)[name].assign(value)`."
    )
    assigned, feed = [], {}
    for name, value in var_names_to_values.items():
        found = get_variables(name)
        if len(found) != 1:  # `name` is the start of a name, and the whole of one at most
            found = [variable for variable in found if variable.op.name == name]
        if not found:
            raise ValueError(f"Variable {name} wasn't found, or not one alone")
        variable = found[0]
        placeholder = tf.compat.v1.placeholder(
            variable.dtype.base_dtype, variable.shape, f"placeholder/{variable.op.name}"
        )
        assigned.append(variable.assign(placeholder))
        feed[placeholder] = np.reshape(value, variable.shape.as_list())
    return tf.group(*assigned), feed


def assign_from_values_fn(var_names_to_values: dict[str, Any]) -> Any:
    """Returns a function of a session that assigns values; see `assign_from_values`."""
    operation, feed = assign_from_values(var_names_to_values)
    return lambda session: session.run(operation, feed)


def _full_names() -> dict[int, str]:
    """Names of the network's variables by identity; of a TF 1 graph, Keras' own wrappers."""
    graph = current_layer_graph()
    named = {id(variable): path for path, variable in graph.variables.items()}
    if graph.tf_graph is None:  # `get_variable` returns TensorFlow's own
        named |= {id(variable.value): path for path, variable in graph.variables.items()}
    return named


def variable_op_name(variable: Any) -> str:
    """Returns the name of a variable in its graph, as TF 1 had it in `variable.op.name`."""
    named = _full_names()
    return named[id(variable)] if id(variable) in named else _name(variable).partition(":")[0]


def _name(variable: Any) -> str:
    """The name of a variable that is TensorFlow's own, or that of a TF 1 graph."""
    if isinstance(variable, keras.Variable):
        raise ValueError(
            f"{variable.path} is not a variable of the network that is open here; "
            "legacy_variables(model) names those of a model"
        )
    return str(variable.name)


# Collections that every variable here is part of.
_KEPT_ANYWAY = ("variables", "model_variables")


def _initialization(
    name: str, shape: Any, dtype: Any, initializer: Any, scope_dtype: Any
) -> tuple[Any, Any, Any]:
    """Completes what is left out; a value becomes an initializer that returns it."""
    if initializer is not None and not isinstance(initializer, str) and not callable(initializer):
        traced = tf.is_symbolic_tensor(initializer)
        value = np.asarray(starting_value(name, initializer) if traced else initializer)
        dtype = keras.backend.standardize_dtype(dtype or initializer_dtype(value))
        return value.shape, dtype, ValueInitializer(value)
    dtype = keras.backend.standardize_dtype(dtype or scope_dtype or "float32")
    default = "glorot_uniform" if "float" in dtype else "zeros"
    shape = [shape] if isinstance(shape, int) else list(shape or ())
    return shape, dtype, keras.initializers.get(initializer or default)


def initializer_dtype(value: Any) -> str:
    """The dtype TensorFlow gives to a Python or numpy value."""
    return str(tf.constant(value if value.dtype != np.float64 else value.tolist()).dtype.name)
