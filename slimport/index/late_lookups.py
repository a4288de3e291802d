"""All variables of a graph: more than a model's, once the step and the optimizer have theirs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from slimport.index.blocks import argument, assigned, called, references_in
from slimport.index.early_lookups import Lookups
from slimport.index.global_steps import STEPS
from slimport.index.hand_loop import HandLoop
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.stays import Stays
from slimport.index.training import Training
from slimport.index.walking import walk

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
    block, function = training.block, training.function
    for statement in block:
        for reference in _reached(statement, function, program):
            if _saves_all(reference, training):
                raise Stays("a saver beside the loop restores all variables", statement)
    _check(block, block, training.operation, [], function, program)


def check_lookups_by_hand(loop: HandLoop, program: Program) -> None:
    """The same for a loop by hand, whose savers `check_savers` looks at.

    Raises:
        Stays: If they may be among them, or if variables of the model are made later.
    """
    block, function, operation = loop.block, loop.function, loop.minimized.statement
    Lookups(function, program).check(block[: block.index(operation)])
    if loop.trains:
        steps = [s for s in loop.gone if s in block and assigned([s]) & loop.steps]
        looking = [s for s in loop.looks_up if s in block and s not in loop.savers]
        _check(block, looking, operation, steps, function, program)


def _check(
    block: Sequence[ast.stmt],
    looking: Iterable[ast.stmt],
    operation: ast.stmt,
    steps: Iterable[ast.stmt],
    function: Function,
    program: Program,
) -> None:
    with_optimizer = block.index(operation)
    counting = [s for s in block if _names_step(s, function, program)]
    with_step = min(map(block.index, (operation, *steps, *counting)))
    for statement in looking:
        is_late = block.index(statement) > with_optimizer or isinstance(statement, ast.FunctionDef)
        is_counted = block.index(statement) > with_step
        for reference in _reached(statement, function, program):
            if reference.api.name in _OF_GRAPHS and (
                (is_late and not _names_each(reference))
                or (is_counted and not _leaves_step(reference, function))
            ):
                what = f"{reference.api.name} also gives what the training made"
                raise Stays(what, statement)


def _names_step(statement: ast.stmt, function: Function, program: Program) -> bool:
    return any(r.api.name in STEPS for r in _reached(statement, function, program))


def _reached(statement: ast.stmt, own: Function, program: Program) -> Iterator[Reference]:
    """What a statement refers to, functions that it calls or defines included."""
    yield from references_in(statement, own)
    nodes = set(walk(statement))
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


def _leaves_step(reference: Reference, function: Function) -> bool:
    """Whether the global step is not among them."""
    if reference.api.name == _INIT:
        names = _map(reference)
        return bool(names) and all(target.strip("/") for _, target in names)
    if reference.api.name != _RESTORED or reference.call is None:
        return False
    include = argument(reference.call, 0, "include")
    if include is not None and not (isinstance(include, ast.Constant) and include.value is None):
        return "global_step" not in _strings(include, function)
    exclude = argument(reference.call, 1, "exclude")
    return exclude is not None and "global_step" in _strings(exclude, function)


def _strings(node: ast.expr, function: Function) -> set[str]:
    """The strings of a list, also of one that has a name in the function."""
    found: list[ast.AST] = [node]
    if isinstance(node, ast.Name):
        for statement in walk(function.node):
            match statement:
                case ast.Assign([ast.Name(name)], value) if name == node.id:
                    found.append(value)
    constants = (c for part in found for c in walk(part) if isinstance(c, ast.Constant))
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
