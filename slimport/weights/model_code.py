"""Python text that makes the model of a blueprint, for whoever loads the weights."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from slimport.verify.workers import migrated

if TYPE_CHECKING:
    from slimport.weights.blueprint import Blueprint, Input

#: The functions of the written module that make a model.
_WRITTEN = ("functional_model", "TracedModel")


def code_of(model: Any, blueprint: Blueprint) -> str:
    """Returns imports, the arg_scope around it, and what makes the model.

    Args:
        model: The model that the blueprint made.
        blueprint: The blueprint.
    """
    body = _body(model, blueprint)
    lines = [_import(blueprint.entry)]
    written = [name for name in _WRITTEN if f"{name}(" in body]
    if blueprint.arg_scope is not None:
        lines.append(_import(blueprint.arg_scope))
        written.append("layer_defaults")
        scope = f"{_name(blueprint.arg_scope)}({_arguments(blueprint.arg_scope_args)})"
        body = f"with layer_defaults({scope}):\n" + textwrap.indent(body, "    ")
    if "keras." in body:
        lines.append("import keras")
    if "tf." in body:
        lines.append("import tensorflow as tf")
    module = migrated.scoped_layers()
    if written and module is not None:
        offered = getattr(module, "__all__", written)
        if not set(written) <= {*offered}:  # the class came for this run alone
            lines.append(f"# {module.__name__} has it once `slimport rewrite` has met this import:")
        lines.append(f"from {module.__name__} import {', '.join(sorted(written))}")
    return "\n".join([*lines, body])


def _body(model: Any, blueprint: Blueprint) -> str:
    name, arguments = _name(blueprint.entry), _arguments(blueprint.args)
    if not blueprint.inputs:
        return f"model = {name}({arguments})"
    more = f", {arguments}" if arguments else ""
    layers = migrated.scoped_layers()
    if isinstance(model, getattr(layers, "TracedModel", ())):
        (only,) = blueprint.inputs
        return f'model = TracedModel({name}{more})\nmodel(tf.zeros({only.sizes}, "{only.dtype}"))'
    inputs = ", ".join(_input(each) for each in blueprint.inputs)
    inputs = inputs if len(blueprint.inputs) == 1 else f"[{inputs}]"
    if layers is None:
        return f"inputs = {inputs}\nmodel = keras.Model(inputs, {name}(inputs{more}))"
    return f"model = functional_model({name}, {inputs}{more})"


def _name(entry: str) -> str:
    return entry.rpartition(":")[2]


def _arguments(given: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in given.items())


def _input(given: Input) -> str:
    dtype = "" if given.dtype == "float32" else f', dtype="{given.dtype}"'
    return f"keras.Input(batch_shape={given.shape}{dtype})"


def _import(entry: str) -> str:
    module, _, attribute = entry.partition(":")
    return f"from {module} import {attribute.partition('.')[0]}"
