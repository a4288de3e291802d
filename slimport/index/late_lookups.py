"""All variables of a graph: more than a model's, once the step and the optimizer have theirs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import argument, called, references_in
from slimport.index.global_steps import STEPS
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.stays import Stays
from slimport.index.training import Training

_INIT = "tf.train.init_from_checkpoint"
_RESTORED = "slim.get_variables_to_restore"
_OF_GRAPHS = (
    "slim.get_variables", "slim.get_variables_by_name", "slim.get_variables_by_suffix", _INIT,
    _RESTORED, "tf.all_variables", "tf.global_variables",
)  # fmt: skip


def check_late_lookups(training: Training, program: Program) -> None:
    """Whether what is looked up beside the loss are the variables of the model alone.

    In a graph the global step, slots and Adam's powers are restored with the others.

    Raises:
        Stays: If they may be among them.
    """
    block, own = training.block, training.function
    with_optimizer = block.index(training.operation)
    with_step = with_optimizer
    for at, statement in enumerate(block):
        found = list(_reached(statement, own, program))
        if any(reference.api.name in STEPS for reference in found):
            with_step = min(with_step, at)
        is_run_later = isinstance(statement, ast.FunctionDef)
        for reference in found:
            if _saves_all(reference, training):
                raise Stays("a saver beside the loop restores all variables", statement)
            if reference.api.name not in _OF_GRAPHS:
                continue
            if is_run_later or at > with_optimizer:
                is_more = not _names_each(reference)
            else:
                is_more = at > with_step and not _leaves_step(reference, training)
            if is_more:
                what = f"{reference.api.name} also gives what the training made"
                raise Stays(what, statement)


def _reached(statement: ast.stmt, own: Function, program: Program) -> Iterator[Reference]:
    """What a statement refers to, functions that it calls or defines included."""
    yield from references_in(statement, own)
    nodes = set(ast.walk(statement))
    defined = {f for f in program.by_module[own.module] if f.node in nodes}
    for function in closure_of({*called(statement, own, program), *defined}, callees):
        yield from function.references


def _saves_all(reference: Reference, training: Training) -> bool:
    call = reference.call
    if reference.api.name != "tf.train.Saver" or call is None:
        return False
    is_loop_s = training.saver is not None and call is training.saver.call
    return not is_loop_s and not call.args and not {k.arg for k in call.keywords} & {"var_list"}


def _names_each(reference: Reference) -> bool:
    """``init_from_checkpoint(path, {'a/weights': 'b/weights'})``: of no scope"""
    names = _map(reference)
    return bool(names) and not any(name.endswith("/") for name, _ in names)


def _leaves_step(reference: Reference, training: Training) -> bool:
    """Whether the global step is not among them."""
    if reference.api.name == _INIT:
        names = _map(reference)
        return bool(names) and all(target.strip("/") for _, target in names)
    if reference.api.name != _RESTORED or reference.call is None:
        return False
    include = argument(reference.call, 0, "include")
    if include is not None and not (isinstance(include, ast.Constant) and include.value is None):
        return "global_step" not in _strings(include, training)
    exclude = argument(reference.call, 1, "exclude")
    return exclude is not None and "global_step" in _strings(exclude, training)


def _strings(node: ast.expr, training: Training) -> set[str]:
    """The strings of a list, also of one that has a name in the function."""
    found: list[ast.AST] = [node]
    if isinstance(node, ast.Name):
        for statement in ast.walk(training.function.node):
            match statement:
                case ast.Assign([ast.Name(name)], value) if name == node.id:
                    found.append(value)
    constants = (c for part in found for c in ast.walk(part) if isinstance(c, ast.Constant))
    return {c.value for c in constants if isinstance(c.value, str)}


def _map(reference: Reference) -> list[tuple[str, str]]:
    """An assignment map from names to names; empty where it is told in another way."""
    call = reference.call
    given = argument(call, 1, "assignment_map") if call is not None else None
    names: list[tuple[str, str]] = []
    if isinstance(given, ast.Dict):
        for pair in zip(given.keys, given.values, strict=True):
            match pair:
                case ast.Constant(str(old)), ast.Constant(str(new)):
                    names.append((old, new))
                case _:
                    return []
    return names
