"""Whether statements that change gradients can be a function of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from slimport.index.blocks import assigned, called, leave_it, loaded, references_in
from slimport.index.hand_loop import Gradients, HandLoop
from slimport.index.hand_operation import mutated
from slimport.index.program import Program
from slimport.index.stays import Stays
from slimport.index.walking import walk

# What a graph's variables know of it; those of Keras do not.
_OF_VARIABLES = frozenset("name op graph device initial_value read_value".split())
# What gradients may be changed by: functions of numbers.
_FUNCTIONS = tuple(
    f"tf.{name}"
    for name in """
    abs add add_n cast check_numerics clip_by constant convert_to_tensor div divide global_norm
    gradients greater identity is_ less logical_ math. maximum minimum multiply negative norm
    ones_like reduce_ scalar_mul sign sqrt square stack subtract trainable_variables where
    zeros_like
    """.split()
)


def check_gradients(loop: HandLoop, program: Program) -> None:
    """They are computed from the gradients, and from what stays as it is.

    Raises:
        Stays: They are not.
    """
    minimized, gradients = loop.minimized, loop.minimized.gradients
    assert gradients is not None
    used, own = _used(gradients), bound(gradients.statements)
    looked_at = used & (assigned(loop.of_loss) | loop.inputs.keys())
    if looked_at:
        raise Stays(f"{min(looked_at)} is used for something else", minimized.statement)
    later = loop.block[loop.block.index(minimized.statement) + 1 :]
    changed = (used - own) & assigned(later)
    if changed:
        raise Stays(f"{min(changed)} changes after it is used", minimized.statement)
    _check_bound(gradients.statements, own)
    code = [*gradients.statements, gradients.applied]
    if mutated(code) - own:
        raise Stays("what changes the gradients changes something else", minimized.statement)
    if leave_it(code) or any(s in gradients.statements for s in loop.gone):
        raise Stays("what changes the gradients does more", minimized.statement)
    for node in (n for part in code for n in walk(part)):
        if isinstance(node, ast.Attribute) and node.attr in _OF_VARIABLES:
            raise Stays("what changes the gradients looks at their variables", node)
        if isinstance(node, ast.Call) and any(True for _ in called(node, loop.function, program)):
            raise Stays("a function of the program changes the gradients", node)
    for reference in (r for part in code for r in references_in(part, loop.function)):
        if reference.call is not None and not reference.api.name.startswith(_FUNCTIONS):
            raise Stays(f"{reference.api.name} of gradients", reference.node)


def _used(gradients: Gradients) -> set[str]:
    """The names that are used, but for those that the gradients are computed of."""
    of_computing = {id(node) for node in walk(gradients.computing)}
    names = _names([*gradients.statements, gradients.applied])
    return {n.id for n in names if id(n) not in of_computing and isinstance(n.ctx, ast.Load)}


def _check_bound(statements: Sequence[ast.stmt], own: set[str]) -> None:
    """No name is bound that had a value before: in a function it would be another one."""
    made: set[str] = set()
    for statement in statements:
        targets = [n.target for n in walk(statement) if isinstance(n, ast.For)]
        if loaded([statement]) & (own - made - {n.id for n in _names(targets)}):
            raise Stays("what changes the gradients changes something else", statement)
        made |= own & assigned([statement])


def bound(statements: Sequence[ast.stmt]) -> set[str]:
    """The names that statements bind for what follows; comprehensions have their own."""
    nodes = [node for statement in statements for node in walk(statement)]
    targets = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    within = {id(name) for name in _names(targets)}
    names = _names(statements)
    return {n.id for n in names if not isinstance(n.ctx, ast.Load) and id(n) not in within}


def _names(parts: Sequence[ast.AST]) -> Iterator[ast.Name]:
    return (n for part in parts for n in walk(part) if isinstance(n, ast.Name))
