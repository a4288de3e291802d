"""What `--model` names: a function that returns a Keras model, or one that builds a network."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimport.verify.workers import migrated
from slimport.weights.errors import WeightsError
from slimport.weights.model_code import code_of


class BlueprintError(WeightsError):
    """The model cannot be made; the message says what to change."""


@dataclass(frozen=True)
class Input:
    """One input of a network: its shape, `None` where the size is open, and its dtype."""

    shape: tuple[int | None, ...]
    dtype: str = "float32"

    @property
    def sizes(self) -> list[int]:
        """Its shape with 1 for what is open."""
        return [size or 1 for size in self.shape]

    def zeros(self) -> Any:
        """A tensor of it."""
        import tensorflow as tf

        return tf.zeros(self.sizes, self.dtype)


@dataclass(frozen=True)
class Blueprint:
    """How to make a model.

    Attributes:
        entry: `package.module:function`.
        args: Its keyword arguments.
        inputs: The inputs of a function that builds a network; empty for one that returns a model.
        arg_scope: `package.module:function` whose result such a network is built under.
        arg_scope_args: Keyword arguments of that.
        paths: Folders that imports begin at, before those of Python.
    """

    entry: str
    args: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    arg_scope: str | None = None
    arg_scope_args: dict[str, Any] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()


def keyword_arguments(text: str) -> dict[str, Any]:
    """Reads `num_classes=90, final_endpoint='Mixed_5c'`: keyword arguments of Python literals.

    Raises:
        ValueError: It is something else.
    """
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args or any(k.arg is None for k in call.keywords):
            raise ValueError("keyword arguments only")
        return {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{text!r} is not of the form name=literal, name=literal") from error


def parse_input(text: str) -> Input:
    """Reads `None,300,300,3` or `1,300,300,3:uint8`: the whole shape, batch included.

    Raises:
        ValueError: It is something else.
    """
    sizes, _, dtype = text.partition(":")
    try:
        shape = tuple(None if s.strip() == "None" else int(s) for s in sizes.split(","))
        if any(size is not None and size <= 0 for size in shape):
            raise ValueError("sizes are above 0")
    except ValueError as error:
        raise ValueError(f"{text!r} is not of the form None,300,300,3 or 1,300,300,3:uint8") from (
            error
        )
    return Input(shape, dtype.strip() or "float32")


class Built:
    """A model, built, with its variables.

    Attributes:
        model: The Keras model.
        variables: Its variables by the names that they have in checkpoints, as the migrated tree
            itself names them.
        code: Python text that makes the same model, for whoever loads the weights.
    """

    def __init__(self, model: Any, code: str) -> None:
        self.model = model
        self.code = code
        found = migrated.legacy_variables(model)
        # The state of Keras' generators is no weight, and has no counterpart.
        self.variables = {n: v for n, v in found.items() if v.name != "seed_generator_state"}


def build(blueprint: Blueprint) -> Built:
    """Makes the model that a blueprint describes.

    Raises:
        BlueprintError: A name cannot be imported, a function fails, or what it returns is no
            model that is built.
    """
    for path in reversed(blueprint.paths):
        sys.path.insert(0, str(path.resolve()))
    function = _resolve(blueprint.entry)
    if blueprint.inputs:
        with _scope(blueprint):
            model = _network(function, blueprint)
    else:
        model = _called(blueprint.entry, function, blueprint.args)
        _check_built(model, blueprint.entry)
    try:
        return Built(model, code_of(model, blueprint))
    except ValueError as error:  # two variables claim one name
        raise BlueprintError(str(error)) from error


def _resolve(name: str) -> Any:
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise BlueprintError(f'{name!r} is not of the form "package.module:function"')
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # the tree's own code may raise anything
        raise BlueprintError(
            f"{module_name} cannot be imported ({type(error).__name__}: {error}). Run from the "
            "root of the migrated tree, or name it with --path"
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise BlueprintError(f"{module_name} has no {attribute}")
        found = getattr(found, part)
    return found


def _called(name: str, function: Any, given: dict[str, Any]) -> Any:
    try:
        return function(**given)
    except Exception as error:  # the tree's own code may raise anything
        raise BlueprintError(f"{name} failed ({type(error).__name__}: {error})") from error


def _check_built(model: Any, entry: str) -> None:
    import keras

    if not isinstance(model, keras.layers.Layer):
        raise BlueprintError(
            f"{entry} returned a {type(model).__name__}, no Keras model. For a function that takes "
            "tensors and builds a network, give the shape of its input as well: --input "
            "None,224,224,3"
        )
    if not model.built or not model.weights:
        raise BlueprintError(
            f"the model of {entry} has no variables yet: call it once, or model.build(shape), "
            "before it is returned"
        )


@contextmanager
def _scope(blueprint: Blueprint) -> Iterator[None]:
    if blueprint.arg_scope is None:
        yield
        return
    given = _called(blueprint.arg_scope, _resolve(blueprint.arg_scope), blueprint.arg_scope_args)
    with migrated.scoped_layers_of_scope().layer_defaults(given):
        yield


def _network(function: Any, blueprint: Blueprint) -> Any:
    """A functional model of a network, or where it still has TensorFlow code, a traced one."""
    import keras

    inputs = [keras.Input(batch_shape=i.shape, dtype=i.dtype) for i in blueprint.inputs]
    given: Any = inputs[0] if len(inputs) == 1 else inputs
    layers = migrated.scoped_layers()
    try:
        if layers is None:
            return keras.Model(given, function(given, **blueprint.args))
        return layers.functional_model(function, given, **blueprint.args)
    except Exception as error:  # the tree's own code may raise anything
        if layers is None or len(inputs) != 1:
            raise BlueprintError(
                f"{blueprint.entry} makes no functional model ({type(error).__name__}: {error})"
            ) from error
    model = migrated.traced_model(layers)(function, **blueprint.args)
    (only,) = blueprint.inputs
    _called(blueprint.entry, lambda: model(only.zeros()), {})
    return model
