"""Layer graphs: where the layers, variables, names and collections of one network live."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from slimport.written.backends import on_tensorflow

__all__ = ["AUTO_REUSE", "LayerGraph", "VariableScope", "current_layer_graph", "layer_graph"]

AUTO_REUSE = tf.compat.v1.AUTO_REUSE if on_tensorflow() else "AUTO_REUSE"


@dataclasses.dataclass(eq=False)
class VariableScope:
    """An open (or kept) variable scope.

    Attributes:
        name: The full path, e.g. `InceptionV2/Mixed_3b`; empty at the root.
        reuse: `None`, `True` or `AUTO_REUSE`.
        original_name_scope: The name scope that was opened with it, with a closing slash.
        initializer: What `get_variable` uses below this scope when it is given none.
        regularizer: Likewise.
        dtype: Likewise.
    """

    name: str
    reuse: Any = None
    original_name_scope: str = ""
    initializer: Any = None
    regularizer: Any = None
    dtype: Any = None

    def reuse_variables(self) -> None:
        """From here on, layers in this scope share the variables that exist."""
        self.reuse = True


class LayerGraph:
    """The layers, variables and collections of one network, each found by its scope path.

    One pass through a network's code opens the same scopes in the same order, so that it meets
    the same paths. A path met twice within a pass shares its variables only on request (`reuse`).

    Attributes:
        tf_graph: The TF 1 graph that this belongs to, or `None`.
        anchor: A KerasTensor; variables used directly hang on it in a functional model.
        frozen: True once no further variables may come up (a traced model that is built).
        not_of_model: Paths of the variables that TF 1 did not count as the model's.
        listed: The collections of variables, by their paths; each pass that meets one adds it.
        activity_losses: Losses that depend on outputs of this pass, where a model asks for them.
    """

    def __init__(self, tf_graph: Any = None) -> None:
        self.tf_graph = tf_graph
        self.anchor: Any = None
        self.frozen = False
        self.layers: dict[str, list[Any]] = {}
        self.variables: dict[str, Any] = {}
        self.trainable: set[str] = set()
        self.not_of_model: set[str] = set()
        self.listed: dict[str, list[str]] = {}
        self._layer_names: set[str] = set()
        self.start_pass()

    def start_pass(self) -> None:
        """Forgets scopes, counters and collections, and keeps layers and variables."""
        self.scope = VariableScope("")
        self.scope_counts: dict[str, int] = {}
        self.name_scope = ""
        self.names_in_use: dict[str, int] = {}
        self.collections: dict[str, list[Any]] = {}
        self.met: dict[str, int] = {}
        self.activity_losses: list[Any] | None = None

    @contextlib.contextmanager
    def active(self) -> Iterator[LayerGraph]:
        """Makes this the graph that scopes and layers work on."""
        token = _ACTIVE_GRAPH.set(self)
        try:
            yield self
        finally:
            _ACTIVE_GRAPH.reset(token)

    def layer_name(self, path: str) -> str:
        """Turns a scope path into a Keras layer name that is unique in this graph."""
        stem = path.strip("/").replace("/", "__")
        name, number = stem, 0
        while name in self._layer_names:
            number += 1
            name = f"{stem}_{number}"
        self._layer_names.add(name)
        return name

    def existing_variable(self, path: str, reuse: Any) -> Any:
        """Finds the variable that a layer is to share.

        Args:
            path: The variable's full legacy name.
            reuse: The reuse flag of the scope.

        Returns:
            The variable, or `None` if it is to be created.

        Raises:
            ValueError: If the name is taken and reuse is off, or free and reuse is on; or if a
                variable scope of TensorFlow's own is open, which would not name the variable.
        """
        if self.tf_graph is None:
            _require_no_tf_scope(path)
        variable = self.variables.get(path)
        if path in self.met and not reuse:
            raise ValueError(
                f"Variable {path} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=AUTO_REUSE in variable_scope?"
            )
        if variable is None and (reuse is True or self.frozen):
            raise ValueError(
                f"Variable {path} does not exist, or was not created when the model was built. "
                "Did you mean to set reuse=AUTO_REUSE in variable_scope?"
            )
        if variable is not None and path not in self.met:  # a new one is not listed yet
            for name in self.listed.get(path, ()):
                self.collections.setdefault(name, []).append(variable)
        self.met[path] = 1
        return variable

    def add_variable(self, path: str, create: Callable[[], Any], of_model: bool = True) -> Any:
        """Creates a variable (`create`) under its full legacy name and remembers it.

        Args:
            path: The name.
            create: Makes the variable.
            of_model: Whether it is one of `get_model_variables`.
        """
        if not of_model:
            self.not_of_model.add(path)
        with outside_of_traces():
            if self.tf_graph is not None:
                self.variables[path] = _create_in_tf_graph(path, create, of_model)
            else:
                self.variables[path] = create()
        self.variables[path].legacy_name = path  # also where another kind of layer shares it
        return self.variables[path]


_ACTIVE_GRAPH: contextvars.ContextVar[LayerGraph | None] = contextvars.ContextVar(
    "_ACTIVE_GRAPH", default=None
)
_DEFAULT_GRAPH = LayerGraph()
# A key that is not a string stays out of exported meta graphs.
_TF_GRAPH_KEY = ("scoped_layers",)
_TF_STORE_KEY = ("__variable_store",)  # tensorflow/python/ops/variable_scope.py


def current_layer_graph() -> LayerGraph:
    """Returns the graph of the innermost model or `layer_graph()`, TF 1 graph, or the default."""
    active = _ACTIVE_GRAPH.get()
    if active is not None:
        return active
    if not in_tf_graph():
        return _DEFAULT_GRAPH
    # Scripts that turned TF 2 behaviour off get shapes of `Dimension`s, with which Keras 3 fails.
    tf.compat.v1.enable_v2_tensorshape()
    with tf.init_scope():  # out of the bodies of loops and conditions
        tf_graph = tf.compat.v1.get_default_graph()
    kept = tf_graph.get_collection_ref(_TF_GRAPH_KEY)
    if not kept:
        kept.append(LayerGraph(tf_graph))
    graph: LayerGraph = kept[0]
    return graph


def in_tf_graph() -> bool:
    """Whether operations go into a TF 1 graph, which sessions run."""
    return on_tensorflow() and not tf.compat.v1.executing_eagerly_outside_functions()


def _require_no_tf_scope(path: str) -> None:
    outer = tf.compat.v1.get_variable_scope().name if on_tensorflow() else ""
    if outer:
        raise ValueError(
            f"Variable {path} would not be named by tf.compat.v1.variable_scope({outer!r}), which "
            "is open around it: open the variable_scope of this module there."
        )


def outside_of_traces() -> Any:
    """Leads out of the functions, loops and conditions that TensorFlow traces."""
    return tf.init_scope() if on_tensorflow() else contextlib.nullcontext()


def require_tf_graph(name: str, instead: str) -> None:
    """Raises a RuntimeError outside of a TF 1 graph.

    Args:
        name: The function that is called.
        instead: What to do elsewhere, a sentence.
    """
    if not in_tf_graph():
        raise RuntimeError(f"{name} needs a TF 1 graph, which sessions run. {instead}")


@contextlib.contextmanager
def layer_graph(inputs: Any = None) -> Iterator[LayerGraph]:
    """Opens a fresh graph: networks built inside share nothing with those outside.

    Args:
        inputs: The `keras.Input` of the functional model that is built inside, if it is one.
    """
    with LayerGraph().active() as graph:
        graph.anchor = inputs
        yield graph


def _create_in_tf_graph(path: str, create: Callable[[], Any], of_model: bool) -> Any:
    """Creates a Keras variable whose name in the TF 1 graph is `path`, for `tf.train.Saver`."""
    scope, _, name = path.rpartition("/")

    def creator(next_creator: Callable[..., Any], **arguments: Any) -> Any:
        with tf.name_scope(scope + "/" if scope else ""):
            return next_creator(**{**arguments, "name": name})

    with tf.variable_creator_scope(creator):
        variable = create()
    _tf_variables()[path] = variable.value
    if of_model:
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.MODEL_VARIABLES, variable.value)
    if variable.regularizer is not None:
        loss = variable.regularizer(variable.value)
        tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.REGULARIZATION_LOSSES, loss)
    return variable


def _tf_variables() -> dict[str, Any]:
    """The variables that TensorFlow's `get_variable` and `init_from_checkpoint` know, by name.

    A scope of a checkpoint that is assigned to a scope without variables there passes silently.
    """
    scope = tf.compat.v1.get_variable_scope()
    with tf.compat.v1.variable_scope(scope, auxiliary_name_scope=False):  # makes the store
        variables: dict[str, Any] = tf.compat.v1.get_collection_ref(_TF_STORE_KEY)[0]._vars
    return variables
