"""What `--model` names: a function that returns a Keras model, or one that builds a network."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slimport.verify import migrated


class BlueprintError(Exception):
    """The model cannot be made; the message says what to change."""


@dataclass(frozen=True)
class Input:
    """One input of a network: its shape, `None` where the size is open, and its dtype."""

    shape: tuple[int | None, ...]
    dtype: str = "float32"


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
    if not blueprint.inputs:
        model = _called(blueprint.entry, function, blueprint.args)
        _check_built(model, blueprint.entry)
        return _of(model, _code(blueprint, f"{_call(blueprint.entry, blueprint.args)}"))
    with _scope(blueprint):
        model, how = _network(function, blueprint)
    return _of(model, _code(blueprint, how))


def _resolve(name: str) -> Any:
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise BlueprintError(f'{name!r} is not of the form "package.module:function"')
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
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
    except Exception as error:
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


def _network(function: Any, blueprint: Blueprint) -> tuple[Any, str]:
    """A functional model of a network, or where it still has TensorFlow code, a traced one."""
    import keras

    inputs = [keras.Input(batch_shape=i.shape, dtype=i.dtype) for i in blueprint.inputs]
    given: Any = inputs[0] if len(inputs) == 1 else inputs
    layers = migrated.scoped_layers()
    name = blueprint.entry.rpartition(":")[2]
    arguments = "".join(f", {key}={value!r}" for key, value in blueprint.args.items())
    symbols = ", ".join(_keras_input(i) for i in blueprint.inputs)
    symbols = symbols if len(inputs) == 1 else f"[{symbols}]"
    try:
        if layers is None:
            code = f"inputs = {symbols}\nmodel = keras.Model(inputs, {name}(inputs{arguments}))"
            return keras.Model(given, function(given, **blueprint.args)), code
        code = f"model = functional_model({name}, {symbols}{arguments})"
        return layers.functional_model(function, given, **blueprint.args), code
    except Exception as error:
        return _traced(function, blueprint, layers, f"TracedModel({name}{arguments})", error)


def _traced(
    function: Any, blueprint: Blueprint, layers: Any, code: str, error: Exception
) -> tuple[Any, str]:
    if not hasattr(layers, "TracedModel") or len(blueprint.inputs) != 1:
        raise BlueprintError(
            f"{blueprint.entry} makes no functional model ({type(error).__name__}: {error})"
        ) from error
    import tensorflow as tf

    (only,) = blueprint.inputs
    model = layers.TracedModel(function, **blueprint.args)
    try:
        model(tf.zeros([size or 1 for size in only.shape], only.dtype))
    except Exception as second:
        raise BlueprintError(
            f"{blueprint.entry} failed ({type(second).__name__}: {second})"
        ) from error
    shape = [size or 1 for size in only.shape]
    return model, f'model = {code}\nmodel(tf.zeros({shape}, "{only.dtype}"))'


def _of(model: Any, code: str) -> Built:
    try:
        return Built(model, code)
    except ValueError as error:  # two variables claim one name
        raise BlueprintError(str(error)) from error


def _keras_input(given: Input) -> str:
    dtype = "" if given.dtype == "float32" else f', dtype="{given.dtype}"'
    return f"keras.Input(batch_shape={given.shape}{dtype})"


def _call(entry: str, given: dict[str, Any]) -> str:
    arguments = ", ".join(f"{key}={value!r}" for key, value in given.items())
    return f"model = {entry.rpartition(':')[2]}({arguments})"


def _code(blueprint: Blueprint, body: str) -> str:
    """Imports, the arg_scope around it, and what makes the model."""
    lines = [_import(blueprint.entry)]
    written = [n for n in ("functional_model", "TracedModel") if f"{n}(" in body]
    if blueprint.arg_scope is not None:
        lines.append(_import(blueprint.arg_scope))
        written.append("layer_defaults")
        scope = _call(blueprint.arg_scope, blueprint.arg_scope_args).removeprefix("model = ")
        body = f"with layer_defaults({scope}):\n" + _indented(body.splitlines())
    lines += [f"import {name}" for name in ("keras",) if f"{name}." in body]
    if "tf." in body:
        lines.append("import tensorflow as tf")
    module = migrated.scoped_layers()
    if written and module is not None:
        lines.append(f"from {module.__name__} import {', '.join(sorted(written))}")
    return "\n".join([*lines, body])


def _import(entry: str) -> str:
    module, _, attribute = entry.partition(":")
    return f"from {module} import {attribute.partition('.')[0]}"


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
