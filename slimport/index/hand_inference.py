"""Whether a network that is restored and run infers: no batch statistics, no random numbers."""

from __future__ import annotations

import ast

from slimport.index.blocks import argument, called, references_in
from slimport.index.hand_loop import HandLoop
from slimport.index.hand_statistics import Code
from slimport.index.names import defaults_of
from slimport.index.program import Function, Program, Reference
from slimport.index.stays import Stays
from slimport.index.training_always import TRAINING_PARAMETERS
from slimport.index.walking import walk

_FOLLOWING = ("slim.batch_norm", "slim.dropout")  # they train unless they are told not to
_DRAWING = (
    "tf.multinomial", "tf.random", "tf.truncated_normal", "tf.distributions.", "tf.image.random",
    "tf.image.sample_distorted",
)  # fmt: skip


def check_inference(loop: HandLoop, program: Program) -> None:
    """Each run computes the same of the same, of what was restored.

    What is not seen here is no danger: a `PredictionModel` computes as the graph did. It keeps what
    nobody means to predict with on its session, where it can be seen.

    Raises:
        Stays: It does not, as far as can be seen.
    """
    code = Code(loop, program)
    _check_fed(loop)
    reached = {id(r) for f in loop.callees(program) for r in f.references}
    reached |= {id(r) for s in loop.of_loss for r in references_in(s, loop.function)}
    seeded = any(r.api.name.endswith("set_random_seed") for r in _beside(loop, program))
    for reference in code.references:
        name = reference.api.name
        draws = name.startswith(_DRAWING) and "initializer" not in name and "seed" not in name
        if draws and (seeded or id(reference) in reached) and not _begins(reference, code):
            raise Stays(f"{name} draws numbers in its graph", _at(loop, reference))
        if name == "tf.nn.dropout" and _always_drops(reference):
            raise Stays("its dropout is on", _at(loop, reference))
    for statement in loop.of_loss:
        for node in walk(statement):
            match node:
                case ast.keyword(arg, ast.Constant(True)) if arg in TRAINING_PARAMETERS:
                    raise Stays(f"{arg} is True", node.value)
    follows = {r.api.name for r in code.references if r.api.name in _FOLLOWING}
    if follows and not _says(code):
        what = "batch norm" if "slim.batch_norm" in follows else "dropout"
        raise Stays(f"its {what} is in training mode", loop.of_loss[0])
    _check_defaults(loop, program, code)


def _beside(loop: HandLoop, program: Program) -> list[Reference]:
    """What the function, and those that it calls, name."""
    return [r for f in ({loop.function} | loop.beside(program)) for r in f.references]


def _says(code: Code) -> bool:
    """Whether any of the code says whether it trains."""
    for node in (n for part in code.parts() for n in walk(part)):
        match node:
            case ast.keyword(arg="is_training") | ast.Constant("is_training"):
                return True
    return False


def _check_fed(loop: HandLoop) -> None:
    """Placeholders that are booleans are fed a constant, which is False for those of training."""
    flags = {
        name
        for name, call in loop.inputs.items()
        if any(r.api.name == "tf.bool" for r in references_in(call, loop.function))
    }
    fed = [pair for request in loop.asked for pair in request.feed.items()]
    for feed in loop.feeds:
        assert isinstance(feed.value, ast.Dict)
        keys = [key.id for key in feed.value.keys if isinstance(key, ast.Name)]
        fed += list(zip(keys, feed.value.values, strict=True))
    for name, value in fed:
        if name in flags and not (isinstance(value, ast.Constant) and not value.value):
            raise Stays(f"{name} may be fed True", value)


def _check_defaults(loop: HandLoop, program: Program, code: Code) -> None:
    """No function of the program that the block calls trains because it is told nothing."""
    if not any(_normalizes_or_drops(r) for r in code.references):
        return
    for statement in loop.of_loss:
        for node in walk(statement):
            if isinstance(node, ast.Call):
                for target in called(ast.Expr(node), loop.function, program):
                    found = _trains_by_default(target, node)
                    if found:
                        raise Stays(f"{found} is True by default", node)


def _normalizes_or_drops(reference: Reference) -> bool:
    name = reference.api.name.lower()
    return "batch_norm" in name or "batchnorm" in name or "dropout" in name


def _trains_by_default(target: Function, call: ast.Call) -> str:
    if not isinstance(target.node, ast.FunctionDef):
        return ""
    arguments = target.node.args
    positions = {a.arg: at for at, a in enumerate((*arguments.posonlyargs, *arguments.args))}
    for name, value in defaults_of(arguments):
        if name in TRAINING_PARAMETERS and _is_true(value):
            given = argument(call, positions.get(name, 99), name)
            if given is None or _is_true(given):
                return name
    return ""


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _always_drops(reference: Reference) -> bool:
    """Whether it is told a number that is less than one."""
    call = reference.call
    if call is None:
        return False
    given = argument(call, 1, "keep_prob")
    rate = argument(call, 99, "rate")
    keeps = isinstance(given, ast.Constant) and given.value not in (1, 1.0)
    return keeps or (isinstance(rate, ast.Constant) and bool(rate.value))


def _begins(reference: Reference, code: Code) -> bool:
    """Whether numbers are drawn for what a variable begins with."""
    return any(
        other.api.name in ("tf.Variable", "tf.get_variable")
        for function in code.functions
        if reference in function.references
        for other in function.references
    )


def _at(loop: HandLoop, reference: Reference) -> ast.AST:
    """The reference, if it is in the block; else the block's first statement."""
    own = any(reference.node is node for s in loop.of_loss for node in walk(s))
    return reference.node if own else loop.of_loss[0]
