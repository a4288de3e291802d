"""Writes slimport/data/contrib.json: what of tf.contrib is public TensorFlow under another name.

Run under CPython 3.7 with ``tensorflow==1.15.5`` and ``protobuf<3.21``, the last TensorFlow that
has tf.contrib:

    python3.7 tools/make_contrib_table.py

* ``same``: ``tf.contrib.<name>`` is the very same Python object as ``tf.<target>``;
* ``forwards``: it does nothing but ``return <target>(...)`` with each of its parameters handed on
  once, as it came, and the same defaults: the target, which parameter becomes which, and how many
  of them, from the first, are at the same place in both;
* ``deep``: names of these in the modules where they are written;
* ``constants``: another name of a value, equal to it;
* ``modules``: modules below tf.contrib.

Targets are names of TensorFlow 1.15. slimport/data/tf1_symbols.json says where these are now.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP006, UP035, UP045, PTH118, PTH120, PTH123

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import pkgutil
import textwrap
import types
import warnings
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# What other rules take, or what holds TensorFlow's inner modules rather than an API of its own.
_SKIPPED = {"slim", "layers", "rnn", "testing", "quantization", "keras"}
# Not TensorFlow 1.15's public API, or without TF 1 semantics today: Keras 3, no Estimator.
_NOT_TARGETS = {"compat", "contrib", "core", "estimator", "keras", "layers", "python", "raw_ops"}
_CONSTANTS = {"data.AUTOTUNE": "data.experimental.AUTOTUNE"}
# Written twice, word for word but for the names of parameters (and what it calls is the same).
_TWINS = {
    "framework.list_variables": "train.list_variables",
    "framework.load_checkpoint": "train.load_checkpoint",
    "framework.load_variable": "train.load_variable",
    "losses.get_losses": "losses.get_losses",
    "losses.get_regularization_losses": "losses.get_regularization_losses",
}


def public_names(module: types.ModuleType) -> Iterator[Tuple[str, Any]]:
    """All public names below `module`, dotted, with their objects."""
    pending = [(module, "", (id(module),))]
    while pending:
        current, prefix, path = pending.pop()
        for name in sorted(dir(current)):
            if name.startswith("_") or (not prefix and name in _NOT_TARGETS):
                continue
            value = getattr(current, name, None)
            if isinstance(value, types.ModuleType):
                if value.__name__.startswith("tensorflow") and id(value) not in path:
                    pending.append((value, f"{prefix}{name}.", (*path, id(value))))
            elif callable(value):
                yield prefix + name, value


def contrib_names() -> Iterator[Tuple[str, Any]]:
    """What a program may name below tf.contrib, the modules of it included."""
    import tensorflow as tf
    import tensorflow.contrib as contrib

    roots = {}
    for info in pkgutil.iter_modules(contrib.__path__):
        if info.name not in _SKIPPED:
            package = importlib.import_module(f"tensorflow.contrib.{info.name}")
            roots[info.name] = [package, getattr(tf.contrib, info.name, package)]
    for name, modules in sorted(roots.items()):
        for module in modules:
            yield from _below(module, f"{name}.", 0)
    yield from _deep_names(set(roots))


def _below(module: types.ModuleType, prefix: str, depth: int) -> Iterator[Tuple[str, Any]]:
    yield prefix.rstrip("."), module
    for name in sorted(dir(module)):
        value = getattr(module, name, None)
        if name.startswith("_"):
            continue
        if not isinstance(value, types.ModuleType):
            yield prefix + name, value
        elif f"{prefix}{name}" == "framework.nest":
            yield from _below(value, "framework.nest.", 2)
        elif name != "python" and depth < 2 and _is_contrib(value.__name__, prefix):
            yield from _below(value, f"{prefix}{name}.", depth + 1)


def _deep_names(packages: Set[str]) -> Iterator[Tuple[str, Any]]:
    """``tensorflow.contrib.data.python.ops.interleave_ops``: what a module defines itself."""
    import tensorflow.contrib as contrib

    for info in pkgutil.walk_packages(contrib.__path__, "tensorflow.contrib."):
        short = info.name[len("tensorflow.contrib.") :]
        if short.split(".")[0] in packages and ".python" in short and "test" not in short:
            try:
                module = importlib.import_module(info.name)
            except Exception:  # needs a GPU, a driver, or another package
                continue
            yield short, module
            for name, value in sorted(vars(module).items()):
                is_own = getattr(value, "__module__", "") == module.__name__
                if is_own and not name.startswith("_"):
                    yield f"{short}.{name}", value


def _is_contrib(module: str, name: str = "") -> bool:
    """Whether a module belongs to tf.contrib, and to the package of the dotted name."""
    package = name.partition(".")[0]
    return f".contrib.{package}." in module if package else ".contrib." in module


def forwarding(function: Any, targets: Dict[int, str]) -> Optional[List[Any]]:
    """What a function hands on that only calls another; None for any other function.

    Returns:
        The target, pairs of parameter and target's parameter, and how many of them, from the
        first, are at the same place in both.
    """
    function = inspect.unwrap(function)
    call = _only_call(function)
    if call is None:
        return None
    callee = _evaluated(call.func, function.__globals__)
    if callee is None or id(callee) not in targets:
        return None
    own = inspect.signature(function).parameters
    theirs = inspect.signature(inspect.unwrap(callee)).parameters
    handed = list(zip(theirs, call.args)) + [(k.arg or "", k.value) for k in call.keywords]
    pairs = {value.id: name for name, value in handed if isinstance(value, ast.Name)}
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in (*own.values(), *theirs.values()))
    complete = len(pairs) == len(handed) == len(own) and set(pairs) == set(own)
    if not plain or not complete or not set(pairs.values()) <= set(theirs):
        return None
    for mine, name in pairs.items():
        if own[mine].default not in (inspect.Parameter.empty, theirs[name].default):
            return None
    order = list(theirs)
    same_places = [order.index(pairs[name]) == place for place, name in enumerate(own)]
    positional = same_places.index(False) if False in same_places else len(own)
    return [targets[id(callee)], [[name, pairs[name]] for name in own], positional]


def _only_call(function: Any) -> Optional[ast.Call]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    body = getattr(tree.body[0], "body", [])[-2:]
    if not body or not isinstance(body[-1], ast.Return):
        return None
    before = getattr(tree.body[0], "body", [])[:-1]
    decorators = getattr(tree.body[0], "decorator_list", [])
    if not all(_only_warns(decorator) for decorator in decorators):
        return None
    docstring = [isinstance(line, ast.Expr) and isinstance(line.value, ast.Str) for line in before]
    value = body[-1].value
    return value if docstring in ([], [True]) and isinstance(value, ast.Call) else None


def _only_warns(decorator: ast.expr) -> bool:
    """``@deprecation.deprecated(...)``"""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name == "deprecated"


def _evaluated(node: ast.expr, names: Dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_evaluated(node.value, names), node.attr, None)
    return None


def table() -> Dict[str, Any]:
    import tensorflow as tf

    folder = os.path.join(os.path.dirname(__file__), "..", "slimport", "data")
    with open(os.path.join(folder, "tf1_symbols.json"), encoding="utf-8") as file:
        known = json.load(file)
    rank = {name: place for place, kind in enumerate(("gone", "changed", "renamed", "same"))
            for name in known[kind]}  # fmt: skip
    names: Dict[int, str] = {}
    alive = dict(public_names(tf))
    for name in sorted(alive, key=lambda n: (-rank.get(n, -1), n.count("."), n)):
        if name in rank:
            names.setdefault(id(alive[name]), name)
    same, forwards, modules, objects = {}, {}, set(), {}
    for name, value in contrib_names():
        objects[name] = value
        if isinstance(value, types.ModuleType):
            modules.add(name)
        elif id(value) in names:
            same[name] = names[id(value)]
        elif inspect.isfunction(value) and _is_contrib(value.__module__):
            found = forwarding(value, names)
            if found is not None:
                forwards[name] = found
    for name, target in _TWINS.items():
        forwards[name] = _twin(_at(tf.contrib, name), _at(tf, target), target)
    for name, target in _CONSTANTS.items():
        assert _at(tf.contrib, name) == _at(tf, target), name
    public = {id(_at(tf.contrib, name)): name for name in forwards if ".python." not in name}
    inner = [name for name in forwards if ".python." in name and id(objects[name]) in public]
    deep = {name: public[id(objects[name])] for name in inner}
    return {
        "tensorflow": tf.__version__,
        "same": same,
        "forwards": {name: forwards[name] for name in forwards if name not in deep},
        "deep": deep,
        "constants": _CONSTANTS,
        "modules": sorted(modules),
    }


def _twin(function: Any, other: Any, target: str) -> List[Any]:
    """`forwarding` of a function that is written like its target.

    Raises:
        ValueError: it is not.
    """
    own, theirs = (inspect.getfullargspec(inspect.unwrap(f)) for f in (function, other))
    renamed = [[mine, its] for mine, its in zip(own.args, theirs.args)]
    texts = [_text(function, dict(renamed)), _text(other, {})]  # type: ignore[arg-type]
    if len(own.args) != len(theirs.args) or own.defaults != theirs.defaults or len(set(texts)) > 1:
        raise ValueError(f"{function} is not {target}")
    return [target, renamed, len(renamed)]


def _text(function: Any, renamed: Dict[str, str]) -> str:
    """The statements after the docstring, with names of parameters and modules made equal."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function)))).body[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = renamed.get(node.id, node.id).replace("pywrap_tensorflow", "train")
    return "".join(ast.dump(statement) for statement in getattr(tree, "body", [])[1:])


def _at(module: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        module = getattr(module, name)
    return module


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    path = os.path.join(os.path.dirname(__file__), "..", "slimport", "data", "contrib.json")
    text = json.dumps(table(), indent=0, sort_keys=True) + "\n"
    with open(path, "w", encoding="utf-8") as output:
        output.write(text)
    print(f"wrote {path}")
