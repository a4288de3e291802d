"""Calls that evaluate checkpoints: what they are given, as far as evaluate has a place for it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from slimport.index.stays import Stays

_ONCE, _LOOP = "slim.evaluation.evaluate_once", "slim.evaluation.evaluation_loop"
_COMMON = "master checkpoint logdir num_evals initial_op initial_op_feed_dict"
_FEEDS = "eval_op eval_op_feed_dict final_op final_op_feed_dict summary_op summary_op_feed_dict"
_OF_TRAINING = "checkpoint master scaffold eval_op feed_dict final_op final_ops_feed_dict"
_REPEATED = (
    f"{_OF_TRAINING} eval_interval_secs hooks config max_number_of_evaluations timeout timeout_fn"
).split()
PARAMETERS = {
    _ONCE: f"{_COMMON} {_FEEDS} variables_to_restore session_config hooks".split(),
    _LOOP: (
        f"{_COMMON} init_fn {_FEEDS} variables_to_restore eval_interval_secs "
        "max_number_of_evaluations session_config timeout timeout_fn hooks"
    ).split(),
    "slim.training.evaluate_once": f"{_OF_TRAINING} hooks config".split(),
    "slim.training.evaluate_repeatedly": _REPEATED,
    "slim.evaluation.evaluate_repeatedly": _REPEATED,
}
# Those that wait for the next checkpoint.
WAITING = (_LOOP, "slim.training.evaluate_repeatedly", "slim.evaluation.evaluate_repeatedly")
# Parameters of other names.
RENAMED = {
    "checkpoint_path": "checkpoint", "checkpoint_dir": "checkpoint", "eval_ops": "eval_op",
    "final_ops": "final_op",
}  # fmt: skip
# What hooks are given, by the names that the parameters of slim.evaluation have.
HOOKS = {
    "StopAfterNEvalsHook": ("num_evals",),
    "SummaryAtEndHook": ("logdir", "summary_writer", "summary_op", "feed_dict"),
}
# What a loop is given for the checkpoints that it waits for.
OF_WAITING = ("eval_interval_secs", "max_number_of_evaluations", "timeout", "timeout_fn")
# What is a number, or a function, before any session is there.
COUNTING = ("num_evals", *OF_WAITING)
_KNOWN = {
    "master", "checkpoint", "logdir", "num_evals", "eval_op", "final_op", "summary_op",
    "variables_to_restore", *OF_WAITING,
}  # fmt: skip
# The session's, which says where operations run.
CONFIGURATION = ("session_config", "config")
_NONE_SAYS = ("num_evals", "summary_op")  # all batches, no summaries


def given_to(
    api: str, call: ast.Call, api_of: Callable[[ast.AST], str]
) -> tuple[dict[str, ast.expr], dict[ast.Call, str]]:
    """The arguments of a call that say something, by the names of parameters, and its hooks.

    Args:
        api: What is called.
        call: The call.
        api_of: Canonical names of calls.

    Raises:
        Stays: If evaluate has no place for one of them, or they cannot be told.
    """
    given = _bound(call, PARAMETERS[api])
    hooks: dict[ast.Call, str] = {}
    if api not in (_ONCE, _LOOP):
        found = _hooks(given.pop("hooks", ast.List([])))
        hooks = {hook: api_of(hook).rpartition(".")[2] for hook in found}
        given |= {"num_evals": _NONE, "summary_op": _NONE}
        if not {*hooks.values()} <= HOOKS.keys() or len({*hooks.values()}) < len(hooks):
            raise Stays("it is given hooks")
        for hook, kind in hooks.items():
            if kind == "SummaryAtEndHook":
                del given["summary_op"]  # all, unless it says which
            told = _bound(hook, HOOKS[kind])
            given |= {k: v for k, v in told.items() if k != "summary_op" or not _is_none(v)}
    for name, value in list(given.items()):
        if name not in _KNOWN:
            without_effect = name in CONFIGURATION or (name == "hooks" and _is_empty(value))
            if not _is_none(value) and not without_effect:
                raise Stays(f"it is given {name}")
            del given[name]
    if not {"checkpoint", "eval_op"} <= given.keys() or _is_none(given["eval_op"]):
        raise Stays("it is given no eval_op")
    return {k: v for k, v in given.items() if k in _NONE_SAYS or not _is_none(v)}, hooks


def _bound(call: ast.Call, names: Sequence[str]) -> dict[str, ast.expr]:
    if any(isinstance(a, ast.Starred) for a in call.args) or len(call.args) > len(names):
        raise Stays("arguments are unpacked")
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        name = RENAMED.get(keyword.arg or "", keyword.arg or "")
        name = "logdir" if name == "log_dir" else name
        if not name or name in given:
            raise Stays("arguments are unpacked")
        given[name] = keyword.value
    return given


def _hooks(node: ast.expr) -> Iterator[ast.Call]:
    if not isinstance(node, ast.List | ast.Tuple) and not _is_none(node):
        raise Stays("it is given hooks")
    for hook in getattr(node, "elts", ()):
        if not isinstance(hook, ast.Call):
            raise Stays("it is given hooks")
        yield hook


_NONE = ast.Constant(None)


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
