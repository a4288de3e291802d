"""Names of Python 2 that keep a file from running under Python 3."""

from collections.abc import Sequence

import libcst as cst

from slimport.python2_api import METHODS, NAMES, UNSURE, apis
from slimport.rewrite.python2 import asks_for_version
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite, dotted, parenthesized

# What takes an iterable and is done with it, or keeps it as an iterator.
_CONSUMERS = frozenset(
    "all any dict enumerate filter frozenset list map max min reversed set sorted sum tuple zip"
    .split()
)  # fmt: skip
# Where `key in table` can stand as it is.
_LOOSE = (
    cst.Arg | cst.Assert | cst.Assign | cst.BooleanOperation | cst.Expr | cst.If | cst.IfExp
    | cst.Return | cst.While
)  # fmt: skip


class _Python2Rule(Rule):
    """Python 3's name of the same thing."""

    def call(self, site: CallSite) -> Outcome:
        function = self._renamed(site)
        if isinstance(function, cst.BaseExpression):
            return site.node.with_changes(func=function)
        return function

    def value(self, site: ValueSite) -> Outcome:
        if site.short in METHODS and isinstance(site.node, cst.Call):
            return self._method(site, site.node)
        return self._renamed(site)

    def _renamed(self, site: CallSite | ValueSite) -> Outcome:
        if _is_guarded(site.path, "NameError"):
            return Keep()
        new = NAMES[site.short]
        if site.api.startswith(UNSURE):
            return Leave(f"{site.short} is Python 2's, unless it comes with an import *")
        if new is None:
            return Leave(f"{site.short} is Python 2's", "write what it does in Python 3")
        first = new.partition(".")[0]
        if not self._is_free(site, first):
            return Leave(f"{site.short} is Python 3's {new}, and {first} is another name here")
        return dotted(new)

    @staticmethod
    def _is_free(site: Site, name: str) -> bool:
        if name == "functools":
            found = site.reference.scope.root().bindings.get(name, [])
            return not found or all(getattr(b, "dotted", "") == name for b in found)
        return site.file.is_builtin(name, site.reference.scope)

    def _method(self, site: ValueSite, call: cst.Call) -> Outcome:
        if _is_guarded(site.path, "AttributeError"):
            return Keep()
        if site.api.startswith(UNSURE):
            return Leave(
                f"{site.short}() is a dictionary's in Python 2, and a class here has one, too",
                "look which of them is called",
            )
        assert isinstance(call.func, cst.Attribute)
        new, _ = METHODS[site.short]
        if new == "in":
            return _membership(site, call.func.value, call.args[0].value)
        found = call.with_changes(func=call.func.with_changes(attr=cst.Name(new)))
        if site.short.startswith("view") or _is_consumed(site.path):
            return found
        if not site.file.is_builtin("iter", site.reference.scope):
            return Leave(f"{site.short}() is an iterator, and iter is another name here")
        return cst.Call(cst.Name("iter"), [cst.Arg(found.with_changes(lpar=[], rpar=[]))])


def _membership(site: ValueSite, table: cst.BaseExpression, key: cst.BaseExpression) -> Outcome:
    """``table.has_key(key)`` -> ``key in table``, which evaluates the key first."""
    if any(isinstance(node, cst.Call | cst.Await | cst.NamedExpr) for node in _nodes(key, table)):
        return Leave("has_key is Python 2's", "write `key in table`, which evaluates the key first")
    target = cst.ComparisonTarget(cst.In(), parenthesized(table))
    left = key if isinstance(key, cst.SimpleString) else parenthesized(key)
    found = cst.Comparison(left, [target])
    if isinstance(site.path[-1], _LOOSE):
        return found
    return found.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _nodes(*expressions: cst.BaseExpression) -> list[cst.CSTNode]:
    found: list[cst.CSTNode] = list(expressions)
    for node in found:
        found.extend(node.children)
    return found


def _is_consumed(path: Sequence[cst.CSTNode]) -> bool:
    """Whether what is made of the iterator is the same if it is no iterator."""
    parent = path[-1]
    if isinstance(parent, cst.For | cst.CompFor):
        return True
    around = path[-2] if isinstance(parent, cst.Arg) and len(path) > 1 else None
    return (
        isinstance(around, cst.Call)
        and isinstance(around.func, cst.Name)
        and around.func.value in _CONSUMERS
    )


def _is_guarded(path: Sequence[cst.CSTNode], error: str) -> bool:
    """Whether the code asks which Python runs it, or waits for the error that the name gives."""
    for node in path:
        if isinstance(node, cst.If | cst.IfExp) and asks_for_version(node.test):
            return True
        if isinstance(node, cst.Try) and any(
            handler.type is not None and error in cst.Module([]).code_for_node(handler.type)
            for handler in node.handlers
        ):
            return True
    return False


PYTHON2_NAMES = _Python2Rule(
    code="SLIM360",
    name="python2_names",
    alone=True,
    summary="xrange -> range, d.iteritems() -> d.items(), import cPickle -> import pickle ...",
    apis=apis(),
    details=(
        "In files of a tree that was written for TensorFlow 1. Names that the file binds, in "
        "whatever way, stay, and so does code that asks for Python's version. Divisions stay: "
        "where a file shows that Python 2 ran it and does not import division from __future__, "
        "the report names the lines, as / of two ints was floor division there. The imports are "
        "edited by slimport/rewrite/python2.py."
    ),
    refuses=(
        Refusal(
            "has_key is Python 2's",
            "As a value it is a method that no dictionary of Python 3 has.",
            "write `key in table`, which evaluates the key first",
        ),
        Refusal(
            "… is Python 2's",
            "Python 3 has nothing of the same meaning.",
            "write what it does in Python 3",
        ),
        Refusal(
            "… is Python 2's, unless it comes with an import *",
            "A module whose names cannot be seen may have bound it.",
        ),
        Refusal(
            "… is Python 3's …, and … is another name here",
            "The new name would be the file's own.",
        ),
        Refusal(
            "…() is a dictionary's in Python 2, and a class here has one, too",
            "Which of the two is called is known when the program runs.",
            "look which of them is called",
        ),
        Refusal(
            "…() is an iterator, and iter is another name here",
            "`iter(...)` would call the file's own.",
        ),
    ),
    examples=(
        Example(
            before="""
import cPickle as pickle

import tensorflow as tf
import tf_slim as slim


def net(features):
    widths = {'first': 6, 'second': 4}
    for name, width in sorted(widths.iteritems()):
        features = slim.fully_connected(features, width, scope=name)
    for index in xrange(long(2)):
        if widths.has_key('first') and isinstance('a', basestring):
            features += reduce(lambda x, y: x * y, [1.0, 2.0, float(index)])
    return features * next(widths.itervalues())
""",
            after="""
import functools
import pickle

import tensorflow as tf

from scoped_layers import fully_connected


def net(features):
    widths = {'first': 6, 'second': 4}
    for name, width in sorted(widths.items()):
        features = fully_connected(features, width, name=name)
    for index in range(int(2)):
        if 'first' in widths and isinstance('a', str):
            features += functools.reduce(lambda x, y: x * y, [1.0, 2.0, float(index)])
    return features * next(iter(widths.values()))
""",
        ),
        Example(
            title="what stays",
            before="""
import sys

from six.moves import xrange
import tensorflow as tf

try:
    unicode
except NameError:
    unicode = str

try:
    import cPickle as pickle
except ImportError:
    import pickle

if sys.version_info[0] < 3:
    ask = raw_input
else:
    ask = input


def names(table, long=3):
    found = table.has_key, table.has_key('a', 'b'), tf.log(1.0)
    return found, [unicode(i) for i in xrange(long)]
""",
            after="""
import sys

from six.moves import xrange
import tensorflow as tf

try:
    unicode
except NameError:
    unicode = str

try:
    import cPickle as pickle
except ImportError:
    import pickle

if sys.version_info[0] < 3:
    ask = raw_input
else:
    ask = input


def names(table, long=3):
    found = table.has_key, table.has_key('a', 'b'), tf.math.log(1.0)
    return found, [unicode(i) for i in xrange(long)]
""",
        ),
    ),
)
