"""Why a block stays on its session: the reasons of the rules of whole blocks, out of the index.

No reference is such a rule's, so that it cannot list what it leaves as others do
(`Rule.refuses`). The modules that look at its blocks raise `Stays`; their source is read here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import product

from slimport.index.hand_prediction_checks import of_network
from slimport.index.stays import Stays

_SETTINGS = ("computing", "lines", "savers", "session_configs", "step_rates", "workers")
_BY_HAND = (
    "drawn", "hand_again", "hand_cells", "hand_lines", "hand_lookups", "hand_loop_checks",
    "hand_loop_reading", "hand_requests", "hand_saver_uses", "hand_savers",
    "hand_values", "late_lookups", "session_runs", "unclear",
)  # fmt: skip
#: The modules of `slimport.index` that say of a rule's blocks why they stay.
MODULES = {
    "SLIM290": (
        *_SETTINGS, "asked_steps", "drawn", "early_lookups", "late_lookups", "own_optimizers",
        "run_again", "told_apart", "training", "training_summaries", "unclear", "unknown_values",
        "update_collections",
    ),
    "SLIM292": (
        "evaluation_calls", "evaluation_checks", "evaluation_summaries", "evaluations", "lines",
        "measures", "session_configs", "unclear",
    ),
    "SLIM293": (
        *_BY_HAND, "hand_gradients", "hand_operation", "hand_statistics", "hand_steps",
        "hand_summaries", "update_collections",
    ),
    "SLIM294": ("clone_checks", "clone_loop", "clone_updates", "clones"),
    "SLIM295": (*_BY_HAND, "hand_inference", "hand_prediction", "hand_prediction_checks"),
}  # fmt: skip
#: What is made of a reason, by the place of the argument that is one.
_TAKE_REASONS = ("Stays", "Merged")


def reasons(code: str) -> list[str]:
    """Each reason once, ``…`` for what differs from one place to another; none for other rules."""
    found = {reason for module in MODULES.get(code, ()) for reason in of_module(module)}
    if code == "SLIM295":
        found = {str(of_network(Stays(reason))) for reason in found}
    return sorted(found, key=lambda reason: reason.lstrip("…* ").lower())


@cache
def of_module(name: str) -> frozenset[str]:
    """The reasons that a module of the index gives."""
    source = resources.files("slimport.index").joinpath(f"{name}.py").read_text("utf-8")
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    named = (call for call in calls if getattr(call.func, "id", "") in _TAKE_REASONS)
    found = (text for call in named for text in _texts(call.args[0], constants))
    return frozenset(text.replace("….…", "…") for text in found if text.strip("… "))


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Names that stand for one text each, of the module or of a function that gives one reason."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(str()) | ast.JoinedStr() as value):
                yield name, value


def _part(node: ast.expr) -> list[str]:
    """What a piece of an f-string may be, where it is one of some texts."""
    match node:
        case ast.Constant(str(text)):
            return [text]
        case ast.FormattedValue(ast.IfExp(_, ast.Constant(str(yes)), ast.Constant(str(no)))):
            return [yes, no]
    return ["…"]


def _texts(node: ast.expr, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    match node:
        case ast.Constant(str(text)):
            yield text
        case ast.JoinedStr(parts):
            yield from map("".join, product(*(_part(part) for part in parts)))
        case ast.IfExp(_, yes, no):
            yield from _texts(yes, constants)
            yield from _texts(no, constants)
        case ast.Name(name) if name in constants:
            yield from _texts(constants[name], constants)
