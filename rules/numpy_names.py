"""Names of NumPy that TF 1 code uses and NumPy no longer has."""

import ast

import libcst as cst

from slimport.numpy_api import BUILTINS, RENAMED, old_names
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, Site, ValueSite

# Where `-np.inf` can stand as it is; elsewhere it takes parentheses.
_LOOSE = cst.Arg | cst.Assign | cst.Return | cst.Param | cst.Element | cst.DictElement | cst.Index


class _NumpyRule(Rule):
    """The object that the name stood for, under the name that it still has."""

    def call(self, site: CallSite) -> Outcome:
        function = self._renamed(site, site.node.func)
        if isinstance(function, cst.BaseExpression):
            return site.node.with_changes(func=function)
        return function

    def value(self, site: ValueSite) -> Outcome:
        return self._renamed(site, site.node)

    def _renamed(self, site: Site, node: cst.BaseExpression) -> Outcome:
        # An author's `np.int = int` gives the name back, in the whole program.
        is_alias = isinstance(site, CallSite) and site.aliased
        if is_alias or site.file.is_patched(site.api):
            return Keep()
        builtin = BUILTINS.get(site.short)
        if builtin is not None and not site.file.is_builtin(builtin, site.reference.scope):
            return Leave(f"{site.api} is Python's {builtin}, which is another name's here")
        written = site.reference.node
        if not isinstance(node, cst.Attribute) or not isinstance(written, ast.Attribute):
            return Leave(f"{site.api} is gone from NumPy", "import what it stood for")
        if builtin is not None:
            return cst.Name(builtin, lpar=node.lpar, rpar=node.rpar)
        if not site.file.denotes(written.value, "numpy"):
            return Leave(f"{site.api} is gone from NumPy, another file has imported it")
        name = RENAMED[site.short]
        found = node.with_changes(attr=cst.Name(name.removeprefix("-")))
        if not name.startswith("-"):
            return found
        minus = cst.UnaryOperation(cst.Minus(), found.with_changes(lpar=[], rpar=[]))
        if isinstance(site.path[-1], _LOOSE) and not node.lpar:
            return minus
        return minus.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


NUMPY_NAMES = _NumpyRule(
    code="SLIM330",
    name="numpy_names",
    alone=True,
    summary="np.int -> int, np.float_ -> np.float64, np.Inf -> np.inf ...",
    apis=tuple(old_names()),
    details=(
        "Exact aliases only: under NumPy 1.18 each is the same object (np.product and its like "
        "call np.prod). Every file of a tree that names slim, tf.contrib or a symbol that TF 2 "
        "lacks is looked at, files without TensorFlow included; a tree that names none stays as "
        "it is. Names that the program itself assigns (np.int = int) stay, too."
    ),
    refuses=(
        Refusal(
            "… is Python's …, which is another name's here",
            "`np.int` is `int`, but this file has an `int` of its own.",
        ),
        Refusal(
            "… is gone from NumPy",
            "The name is imported (`from numpy import Inf`): the import would have to change "
            "with every use in other files.",
            "import what it stood for",
        ),
        Refusal(
            "… is gone from NumPy, another file has imported it",
            "It is reached through another file's import, which is marked.",
        ),
    ),
    examples=(
        Example(
            before="""
import numpy as np
import tensorflow as tf
import tf_slim as slim


def net(features):
    scale = np.ones([1], dtype=np.float).astype(np.float_)
    largest = np.int(np.max([1.0, 4.0], initial=np.NINF))
    assert largest < np.Inf and not np.sometrue(np.zeros(3, np.bool))
    features = float(np.round_(scale)[0]) * features
    return slim.fully_connected(features, largest, scope='fc')
""",
            after="""
import keras
import numpy as np
import tensorflow as tf


def net(features):
    scale = np.ones([1], dtype=float).astype(np.float64)
    largest = int(np.max([1.0, 4.0], initial=-np.inf))
    assert largest < np.inf and not np.any(np.zeros(3, bool))
    features = float(np.round(scale)[0]) * features
    return keras.layers.Dense(largest, activation="relu", name="fc")(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="by other ways",
            before="""
import numpy
from numpy import Inf
from numpy import int as npint
import numpy as np
import tensorflow as tf

lowest = np.NINF ** 3, -np.NINF, [np.NINF], {'a': np.NINF}, (np.NINF)
kind = numpy.object


def convert(text, count: np.int = np.long(0)):
    sess = tf.Session()
    cast = np.float
    return cast(text), npint(count), Inf, np.str.lower(text), sess
""",
            after="""
import numpy
from numpy import Inf
from numpy import int as npint
import numpy as np
import tensorflow.compat.v1 as tf

lowest = (-np.inf) ** 3, -(-np.inf), [-np.inf], {'a': -np.inf}, (-np.inf)
kind = object


def convert(text, count: int = int(0)):
    sess = tf.Session()
    cast = float
    # TODO(slimport): SLIM330 numpy.int is gone from NumPy; import what it stood for
    # TODO(slimport): SLIM330 numpy.Inf is gone from NumPy; import what it stood for
    return cast(text), npint(count), Inf, str.lower(text), sess
""",
        ),
        Example(
            title="what stays",
            before="""
import jax.numpy as jnp
import numpy as np
import tensorflow as tf

placeholder = tf.placeholder(tf.float32)
has_int = hasattr(np, 'int')
kinds = np.int64, np.float32, np.bool_, jnp.int, 'np.int'


def shadowed(np, values):
    return np.array(values, np.int)


def rebound(int, value):
    return np.int(value), np.float(value)


if not hasattr(np, 'object'):
    np.object = object
objects = np.array([], np.object)
""",
            after="""
import jax.numpy as jnp
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

placeholder = tf.placeholder(tf.float32)
has_int = hasattr(np, 'int')
kinds = np.int64, np.float32, np.bool_, jnp.int, 'np.int'


def shadowed(np, values):
    return np.array(values, np.int)


def rebound(int, value):
    # TODO(slimport): SLIM330 numpy.int is Python's int, which is another name's here
    return np.int(value), float(value)


if not hasattr(np, 'object'):
    np.object = object
objects = np.array([], np.object)
""",
        ),
    ),
)
