"""What rules ask of a program that trains with fit: its global step, its sparse gradients."""

from __future__ import annotations

import ast

from slimport.index.global_steps import STEPS
from slimport.index.modules import Module
from slimport.index.names import Assigned, Opaque, Scope
from slimport.index.program import Function, Program, bind
from slimport.index.resolve import Api
from slimport.index.walking import walk

_CASTS = frozenset("tf.cast tf.identity tf.to_float tf.to_int32 tf.to_int64".split())
# Methods and functions that count up what they are given as `global_step`.
_COUNTING = frozenset("apply_gradients create_train_op minimize".split())
# By name alone, whatever module they come from: what gives a variable a sparse gradient ...
_LOOKUPS = frozenset(
    """
    Embedding IndexedSlices bow_encoder embed_sequence input_from_feature_columns nce_loss
    sampled_softmax_loss scattered_embedding_column sequence_input_from_feature_columns
    """.split()
)
_PARTS_OF_LOOKUPS = ("embedding_", "feature_column", "sparse_segment_")
# ... if it is a variable that is looked up, which the code has to hold: layers keep theirs.
_GATHERS = frozenset("batch_gather boolean_mask gather gather_nd gather_v2 take".split())
_HOLDERS = frozenset(
    """
    Variable VariableV1 add_weight get_collection get_model_variables get_trainable_variables
    get_variable get_variables get_variables_by_name global_variable global_variables kernel
    model_variable trainable_variables trainable_weights variable weights
    """.split()
)


def is_global_step(node: ast.expr, function: Function, program: Program) -> bool:
    """Whether an expression of a function is the variable that training counts up.

    It is if it comes from `get_or_create_global_step` and family, also through names of one
    meaning and parameters that get it in every call, or if it is a `tf.Variable(0)` that a training
    step is given to count up.
    """
    return _is_step(node, function, program, frozenset())


def _is_step(
    node: ast.expr, function: Function, program: Program, seen: frozenset[tuple[Scope, str]]
) -> bool:
    module = function.module
    if isinstance(node, ast.Call):
        meaning = program.resolve(node.func, module)
        api = meaning.name if isinstance(meaning, Api) else ""
        if api in _CASTS and node.args:
            return _is_step(node.args[0], function, program, seen)
        return api in STEPS
    if not isinstance(node, ast.Name):
        return False
    found = module.scopes.scope_of.get(node, module.scope).lookup(node.id)
    if found is None or (found[0], node.id) in seen:
        return False
    scope, bindings = found
    seen |= {(scope, node.id)}
    if len(bindings) == 1 and isinstance(bindings[0], Opaque):
        return _is_step_in_calls(node.id, scope, program, seen)
    values = [binding.value for binding in bindings if isinstance(binding, Assigned)]
    return len(values) == len(bindings) and all(
        _is_step(value, function, program, seen)
        or _is_counted(value, node.id, scope, function, program)
        for value in values
    )


def _is_step_in_calls(
    parameter: str, scope: Scope, program: Program, seen: frozenset[tuple[Scope, str]]
) -> bool:
    """Whether every call of the function around hands the global step over as this parameter."""
    function = program.functions.get(scope.node)
    if function is None or not isinstance(function.node, ast.FunctionDef) or function.escapes:
        return False
    arguments = function.node.args
    names = tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))
    if function.is_method or parameter not in (*names, *(a.arg for a in arguments.kwonlyargs)):
        return False
    calls = [(f, call) for f in function.all_callers for call in program.calls_of(f, function)]
    bound = [(f, bind(call, names)) for f, call in calls]
    return bool(bound) and all(
        given is not None
        and parameter in given
        and _is_step(given[parameter], caller, program, seen)
        for caller, given in bound
    )


def _is_counted(
    value: ast.expr, name: str, scope: Scope, function: Function, program: Program
) -> bool:
    """``step = tf.Variable(0)`` that is handed to ``minimize(..., global_step=step)``."""
    if not isinstance(value, ast.Call):
        return False
    meaning = program.resolve(value.func, function.module)
    if not (isinstance(meaning, Api) and meaning.name == "tf.Variable"):
        return False
    begins = [*value.args[:1], *(k.value for k in value.keywords if k.arg == "initial_value")]
    if not all(isinstance(begin, ast.Constant) and begin.value == 0 for begin in begins):
        return False
    return any(
        isinstance(given, ast.Name) and given.id == name
        for call in walk(scope.node)
        if isinstance(call, ast.Call) and _last_name(call.func) in _COUNTING
        for given in (k.value for k in call.keywords if k.arg == "global_step")
    )


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def may_have_sparse_gradients(module: Module, program: Program) -> bool:
    """Whether a program of the file may look rows of a variable up: an embedding, `tf.gather`.

    The gradient has only these rows then. Names decide, whatever they stand for: a function of
    another library may be the one that looks up.
    """
    names = frozenset[str]().union(*(m.words for m in program.connected(module)))
    if names & _LOOKUPS or any(part in name for name in names for part in _PARTS_OF_LOOKUPS):
        return True
    return bool(names & _GATHERS and names & _HOLDERS)
