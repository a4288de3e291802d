"""``is_training=True`` in a network that is told whether it trains: ``is_training="always"``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from slimport import slim_api
from slimport.index.closed import LayerCall
from slimport.index.modules import Module
from slimport.index.program import Function, Program, Reference, bind
from slimport.index.resolve import InTree
from slimport.index.tf_layers import TF_LAYERS
from slimport.index.training_always import (
    TRAINING_PARAMETERS,
    Trains,
    assigned,
    is_true,
    meaning_of_true,
    true_in,
)
from slimport.rewrite.site import CallSite, FileServices, literal, string

FOLLOWS_KERAS = (
    "{} follows Keras (fit trains, predict infers), though the network is told elsewhere whether "
    'it trains; where it is to train in inference, too: is_training="always"'
)
UNTOLD = (
    "{} without is_training follows Keras (fit trains, predict infers), though the network is told "
    "elsewhere whether it trains; TensorFlow 1 trained it in inference, too, which is "
    'is_training="always"'
)
# What rules hand an "always" to, or ask for plain layers that train always.
_HANDLED = frozenset({"slim.batch_norm", "slim.dropout", "slim.arg_scope"})
_BY_DEFAULT = frozenset({"slim.batch_norm", "slim.dropout"})
# Where the others have the parameter.
_POSITIONS = {
    **{api: 3 if name in ("resnet_v1", "resnet_v2") else 2 for api, name in slim_api.NETS.items()},
    "tf.layers.dropout": 4,
}


def always(
    site: CallSite, name: str = "is_training", passed_on: bool = True
) -> dict[str, cst.BaseExpression]:
    """New values by parameter, for the arguments of a call that hold a True for good.

    Args:
        site: the call.
        name: the parameter that says whether the layer trains.
        passed_on: whether the written module gets the values; an author's own function may not
            know what "always" is.
    """
    call = site.reference.call
    if call is None:
        return {}
    signature = slim_api.signature(site.short) if site.api.startswith("slim.") else None
    given = bind(call, signature.parameters) if signature else None
    if given is None:
        given = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    parameters = signature.parameters if signature else ()
    values = _by_parameter(site.node, parameters)
    found: dict[str, cst.BaseExpression] = {}
    for parameter, node in given.items():
        told: ast.expr | None = node
        if parameter == name and is_true(node):
            value = _in_place(values.get(parameter))
        elif parameter in ("normalizer_params", "**"):
            told, value = _in_dictionary(node, values.get(parameter), site)
        else:
            continue
        trains = site.file.trains(told, site.function) if told is not None else Trains.FOLLOWS
        if trains is Trains.ALWAYS and value is not None and passed_on and parameter != "**":
            found[parameter] = value
        elif trains is not Trains.FOLLOWS:
            site.file.warn(call.lineno, FOLLOWS_KERAS.format(f"{name}=True"))
    return found


def is_training_keyword(
    layer: LayerCall, value: cst.BaseExpression | None, file: FileServices
) -> cst.BaseExpression | None:
    """``is_training`` of a layer of the written module, None where fit and evaluate decide."""
    known = literal(value) if value is not None else True
    if value is None or known is True:
        if layer.trains is Trains.UNTOLD:
            file.warn(layer.call.lineno, FOLLOWS_KERAS.format("is_training=True"))
        return cst.Name("True") if layer.trains is Trains.ALWAYS else None
    if known is False:
        return cst.Name("False")
    return cst.IfExp(value, cst.Name("None"), cst.Name("False"))


def notes(module: Module, program: Program) -> list[str]:
    """Remarks on each True that goes to layers through other functions, and does not say so.

    And on the first batch norm and the first dropout that nothing of the program tells anything.
    """
    passed_on = [
        f"{module.path}:{call.lineno}: " + FOLLOWS_KERAS.format(f"{name}=True")
        for function in program.by_module[module]
        for call, name in _passed_on(function, program)
        if meaning_of_true(call, function, program) is not Trains.FOLLOWS
    ]
    untold = {
        reference.api.name: f"{module.path}:{reference.node.lineno}: "
        + UNTOLD.format(reference.api.name)
        for reference in reversed(list(_untold(module, program)))
    }
    return [*passed_on, *untold.values()]


def _untold(module: Module, program: Program) -> Iterator[Reference]:
    """Layers that train by default, in networks that are told whether they train."""
    found = [
        (function, reference)
        for function in program.by_module[module]
        for reference in function.references
        if reference.api.name in _BY_DEFAULT and not _is_told(reference)
    ]
    if found and not any(_tells_layers(other, program) for other in program.connected(module)):
        for function, reference in found:
            if meaning_of_true(reference.node, function, program) is not Trains.FOLLOWS:
                yield reference


def _is_told(reference: Reference) -> bool:
    """Whether the call itself says; a dropout that is passed on is told by who calls it."""
    call, signature = reference.call, slim_api.signature(_short(reference))
    if call is None or signature is None:
        return _short(reference) == "dropout"
    given = bind(call, signature.parameters)
    return given is None or "is_training" in given


def _short(reference: Reference) -> str:
    return reference.api.name.partition(".")[2]


def _tells_layers(module: Module, program: Program) -> bool:
    """Whether some scope or dictionary of a file may say it, for layers of this and other files."""
    quoted = ("'is_training'", '"is_training"', "dict(is_training")
    if module.holds(*quoted):
        return True
    return any(
        keyword.arg in (None, "is_training")
        for function in program.by_module[module]
        for reference in function.references
        if reference.api.name == "slim.arg_scope" and reference.call is not None
        for keyword in reference.call.keywords
    )


def _passed_on(function: Function, program: Program) -> Iterator[tuple[ast.Call, str]]:
    """Calls that hand a True on to layers: of the program's networks, `partial`, `slim.repeat`."""
    by_call = {r.call: r for r in function.references if r.call is not None}
    layers = {r.node for r in function.references if r.api.name in _HANDLED}
    for call in function.calls:
        meaning = program.resolve(call.func, function.module)
        target = program.function_of(meaning.definition) if isinstance(meaning, InTree) else None
        told = [k.arg for k in call.keywords if k.arg in TRAINING_PARAMETERS and is_true(k.value)]
        name = told[0] if told else None
        reference = by_call.get(call)
        if target is not None:
            name, builds = name or _position_of_true(call, target), target in program.building
        elif reference is None:
            builds = any(argument in layers for argument in call.args)
        elif not _is_handled(reference):
            builds = reference.api.name.startswith("slim.")
        else:  # the rules look at keywords
            builds = reference.api.name in _POSITIONS and is_true(
                next(iter(call.args[_POSITIONS[reference.api.name] :]), None)
            )
            name = "is_training"
        if builds and name:
            yield call, name


def _position_of_true(call: ast.Call, target: Function) -> str | None:
    """The training parameter that a call hands a True to by its position."""
    arguments = getattr(target.node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return None
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    decorators = [ast.unparse(d) for d in getattr(target.node, "decorator_list", ())]
    bound = target.is_method and "staticmethod" not in decorators
    given = zip(names[bound:], call.args, strict=False)
    return next((n for n, a in given if n in TRAINING_PARAMETERS and is_true(a)), None)


def _is_handled(reference: Reference) -> bool:
    name = reference.api.name
    return name in _HANDLED or name in slim_api.NETS or name in TF_LAYERS


def _by_parameter(node: cst.Call, parameters: tuple[str, ...]) -> dict[str, cst.BaseExpression]:
    found = {}
    for position, argument in enumerate(node.args):
        if argument.keyword is not None:
            found[argument.keyword.value] = argument.value
        elif not argument.star and position < len(parameters):
            found[parameters[position]] = argument.value
    return found


def _in_place(value: cst.BaseExpression | None) -> cst.BaseExpression | None:
    return string("always") if value is not None and literal(value) is True else None


def _in_dictionary(
    node: ast.expr, value: cst.BaseExpression | None, site: CallSite
) -> tuple[ast.expr | None, cst.BaseExpression | None]:
    """The True among a normalizer's parameters, and the parameters with "always" in its place."""
    told = true_in(node)
    if told is None:
        held = (true_in(v) for v in assigned(node, site.reference.scope))
        return next((found for found in held if found is not None), None), None
    if isinstance(value, cst.Dict):
        elements = [
            e.with_changes(value=string("always"))
            if isinstance(e, cst.DictElement)
            and literal(e.key) == "is_training"
            and literal(e.value) is True
            else e
            for e in value.elements
        ]
        return told, value.with_changes(elements=elements)
    if isinstance(value, cst.Call):
        arguments = [
            a.with_changes(value=string("always"))
            if a.keyword is not None and a.keyword.value == "is_training"
            else a
            for a in value.args
        ]
        return told, value.with_changes(args=arguments)
    return told, None
