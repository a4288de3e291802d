"""Calls that evaluate checkpoints: what they are given, as far as evaluate has a place for it."""

from __future__ import annotations

import ast

from slimport.index.evaluation_summaries import Stays

ONCE, LOOP = "slim.evaluation.evaluate_once", "slim.evaluation.evaluation_loop"
_COMMON = "master checkpoint logdir num_evals initial_op initial_op_feed_dict"
_FEEDS = "eval_op eval_op_feed_dict final_op final_op_feed_dict summary_op summary_op_feed_dict"
PARAMETERS = {
    ONCE: f"{_COMMON} {_FEEDS} variables_to_restore session_config hooks".split(),
    LOOP: (
        f"{_COMMON} init_fn {_FEEDS} variables_to_restore eval_interval_secs "
        "max_number_of_evaluations session_config timeout timeout_fn hooks"
    ).split(),
}
# One parameter under two names.
CHECKPOINT = ("checkpoint_path", "checkpoint_dir")
# What a loop is given for the checkpoints that it waits for.
OF_WAITING = ("eval_interval_secs", "max_number_of_evaluations", "timeout", "timeout_fn")
# What is a number, or a function, before any session is there.
COUNTING = ("num_evals", *OF_WAITING)
_KNOWN = {
    "master", "checkpoint", "logdir", "num_evals", "eval_op", "final_op", "summary_op",
    "variables_to_restore", *OF_WAITING,
}  # fmt: skip
_NONE_SAYS = ("num_evals", "summary_op")  # all batches, no summaries


def given_to(api: str, call: ast.Call) -> dict[str, ast.expr]:
    """The arguments of a call that say something, by the names of parameters.

    Raises:
        Stays: If evaluate has no place for one of them, or they cannot be told.
    """
    names = PARAMETERS[api]
    if any(isinstance(a, ast.Starred) for a in call.args) or len(call.args) > len(names):
        raise Stays("arguments are unpacked")
    given = dict(zip(names, call.args, strict=False))
    for keyword in call.keywords:
        name = "checkpoint" if keyword.arg in CHECKPOINT else keyword.arg
        if name is None or name in given:
            raise Stays("arguments are unpacked")
        given[name] = keyword.value
    for name, value in list(given.items()):
        if name not in _KNOWN:
            if not _is_none(value) and not (name == "hooks" and _is_empty(value)):
                raise Stays(f"it is given {name}")
            del given[name]
    if not {"checkpoint", "eval_op"} <= given.keys() or _is_none(given["eval_op"]):
        raise Stays("it is given no eval_op")
    return {k: v for k, v in given.items() if k in _NONE_SAYS or not _is_none(v)}


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
