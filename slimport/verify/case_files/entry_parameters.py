"""What a function's parameters take, as their names tell: a first run has nothing else to go by.

Both sides get the same arguments, so that a value that no user would choose is still a fair one. A
required parameter that nothing here knows leaves its function without a case.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from slimport.index.names import FunctionNode
from slimport.index.training_always import TRAINING_PARAMETERS

_TRAINING = TRAINING_PARAMETERS.union(
    ("training_mode", "is_training_phase", "trainining", "isTraining")
)
_TENSORS = re.compile(
    r"(\w+_)?(inputs?|images?|imgs?|net|x|xs|features?|tensor|data|frames?|videos?|clips?|z|noise|"
    r"latents?|bottom|incoming|pixels?|obs|observations?|states?|points?|point_cloud|stack|left|"
    r"right|feature_maps?)(_(tensor|layer|images?|batch|placeholder|input|data|stack))?"
)
#: What a required parameter gets, by the first pattern that its whole name matches.
_VALUES: tuple[tuple[str, Any], ...] = (
    (r"reuse|is_reuse", False),
    (r"(\w+_)?scope(_name)?|(\w+_)?name", "net"),
    (r"(is|use|with|has|add|do)_\w+", True),
    (r"(dropout_|drop_)?keep(_prob|_probability|_rate)?", 0.8),
    (r"drop_?out(_rate|_prob)?|drop_(rate|prob)", 0.2),
    (r"weight_?decay|l2(_\w+)?|reg(ularizer)?_(rate|scale|weight)", 0.0005),
    (r"(batch_norm|bn)_(decay|momentum)", 0.9),
    (r"(batch_norm|bn)_eps(ilon)?", 0.001),
    (r"kernel(_size)?|filter_size", 3),
    (r"strides?|rate|dilation(_rate)?|factor", 1),
    (r"(\w+_)?(multiplier|scale|alpha|beta)", 1.0),
    (r"min_depth", 8),
    (r"(n|num|number_of|nb)_?\w*class(es)?|class(es)?(_num(ber)?|_count)?|(num|n)_labels", 10),
    (r"((num|n|nb)_)?(outputs?|actions?|anchors?)(_dim|_size)?|(output|action|out)_(dim|size)", 10),
    (r"(\w+_)?(depth|filters?|channels?|units|dim|width|hidden|(embedding|layer|hidden)_size)", 16),
    (r"(num|n|nb)_(\w+_)?(blocks|layers|units|repeats)", 2),
)
#: A parameter that nothing here knows.
UNKNOWN = object()


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function."""

    name: str
    is_required: bool


@dataclass(frozen=True)
class Signature:
    """What a function can be given.

    Attributes:
        parameters: In order, those after ``*`` last.
        rest: Name of ``**rest``; empty without.
    """

    parameters: tuple[Parameter, ...]
    rest: str = ""

    def __contains__(self, name: str) -> bool:
        return bool(self.rest) or any(parameter.name == name for parameter in self.parameters)


@dataclass(frozen=True)
class Arguments:
    """How a function is called.

    Attributes:
        args: Values of required parameters.
        tensors: Further parameters that take a tensor.
        training: The parameter that says whether it trains.
        unknown: Required parameters that nobody knows.
    """

    args: dict[str, Any] = field(default_factory=dict)
    tensors: tuple[str, ...] = ()
    training: str | None = None
    unknown: tuple[str, ...] = ()


def signature(node: FunctionNode) -> Signature:
    """Reads a function's parameters."""
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    required = len(plain) - len(given.defaults)
    found = [Parameter(item.arg, place < required) for place, item in enumerate(plain)]
    found += [
        Parameter(item.arg, default is None)
        for item, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    return Signature(tuple(found), given.kwarg.arg if given.kwarg else "")


def arguments(parameters: Sequence[Parameter], passed_on: Sequence[str] = ()) -> Arguments:
    """Finds what to give for each parameter.

    Args:
        parameters: All but the one that takes the first tensor.
        passed_on: What a function takes besides, through ``**kwargs`` of another.
    """
    args: dict[str, Any] = {}
    tensors, unknown = [], []
    training = next((p.name for p in parameters if p.name in _TRAINING), None)
    training = training or next((name for name in passed_on if name in _TRAINING), None)
    for parameter in parameters:
        if not parameter.is_required or parameter.name == training:
            continue
        value = value_of(parameter.name)
        if value is not UNKNOWN:
            args[parameter.name] = value
        elif is_tensor(parameter.name):
            tensors.append(parameter.name)
        else:
            unknown.append(parameter.name)
    return Arguments(args, tuple(tensors), training, tuple(unknown))


def value_of(name: str) -> Any:
    """The value for a required parameter, or `UNKNOWN`."""
    for pattern, value in _VALUES:
        if re.fullmatch(pattern, name):
            return value
    return UNKNOWN


def is_tensor(name: str) -> bool:
    """Whether a parameter of this name takes a tensor."""
    return re.fullmatch(_TENSORS, name.lower().strip("_")) is not None


def asks_for_training(nodes: Sequence[ast.AST]) -> bool:
    """Whether code asks ``if is_training:`` in Python, so that a model keeps one answer."""
    tests = (
        node.test
        for root in nodes
        for node in ast.walk(root)
        if isinstance(node, ast.If | ast.IfExp)
    )
    return any(_names_training(test) for test in tests)


def _names_training(test: ast.expr) -> bool:
    if isinstance(test, ast.Compare) and any(
        isinstance(other, ast.Constant) and other.value is None for other in test.comparators
    ):
        return False
    return any(
        (isinstance(node, ast.Name) and node.id in _TRAINING)
        or (isinstance(node, ast.Attribute) and node.attr in _TRAINING)
        for node in ast.walk(test)
    )
