"""TensorFlow 1 as legacy code knows it, on TensorFlow 2.16 and later with tf_slim.

After `install()`, `import tensorflow as tf` gives a module that answers as TensorFlow 1.15 does:
graph mode, `tf.placeholder`, `tf.contrib.slim`, `tf.contrib.layers.python.layers.utils` and the
like. The layers are tf_slim's own, which are those of `tf.contrib` under another name; this
module holds no numerics. What `tf.contrib` had and no longer exists anywhere can still be
imported (many files import what they never use) and raises when it is used.

It also puts back what Python and NumPy removed since CPython 3.7 and NumPy 1.18, as far as model
code used it: `np.int`, `collections.Mapping`, `inspect.getargspec`.

Never call this in a process that is to run Keras 3 code.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

import collections
import collections.abc
import importlib
import importlib.abc
import importlib.machinery
import inspect
import os
import sys
import types
from typing import Any, Sequence

CONTRIB = "tensorflow.contrib"

#: Modules behind each part of `tf.contrib`; the first that has a name wins. `v1:` paths start at
#: `tf.compat.v1`, others are imported.
_SOURCES = {
    "slim": (
        "tf_slim",
        "tf_slim.ops.arg_scope",
        "tf_slim.ops.variables",
        "tf_slim.layers.layers",
        "v1:train",
    ),
    "layers": (
        "tf_slim.layers",
        "tf_slim.layers.layers",
        "tf_slim.layers.utils",
        "tf_slim.layers.initializers",
        "tf_slim.layers.regularizers",
        "v1:feature_column",
    ),
    "framework": (
        "tf_slim.ops.arg_scope",
        "tf_slim.ops.variables",
        "tf_slim.ops.framework_ops",
        "tensorflow.python.framework.smart_cond",
        "tensorflow.python.util.deprecation",
        "v1:train",
        "v1:",
    ),
    "losses": ("tf_slim.losses", "tf_slim.losses.loss_ops", "v1:losses"),
    "metrics": ("tf_slim.metrics", "tf_slim.metrics.metric_ops", "v1:metrics"),
    "training": ("tf_slim.training.training", "tf_slim.training.evaluation", "v1:train"),
    "rnn": ("v1:nn.rnn_cell", "v1:nn"),
    "nn": ("v1:nn",),
    "data": ("v1:data.experimental", "v1:data"),
    "util": ("v1:", "v1:nest", "tensorflow.python.framework.tensor_util"),
    "summary": ("v1:summary",),
    "estimator": ("v1:estimator",),
    "opt": ("v1:train",),
}

#: Deep paths whose modules have a home of their own in tf_slim, by prefix.
_DEEP = (
    ("slim.python.slim", "tf_slim"),
    ("slim.nets", "tf_slim.nets"),
    ("slim", "tf_slim"),
    ("layers.python.layers", "tf_slim.layers"),
    ("framework.python.ops", "tf_slim.ops"),
    ("losses.python.losses", "tf_slim.losses"),
    ("metrics.python.ops", "tf_slim.metrics"),
)
#: A module that tf_slim has under another name.
_MOVED = {"framework.python.ops.ops": "tf_slim.ops.framework_ops"}

_RENAMED = {
    "convolution2d": "conv2d",
    "convolution2d_transpose": "conv2d_transpose",
    "convolution3d_transpose": "conv3d_transpose",
    "convolution2d_in_plane": "conv2d_in_plane",
    "separable_convolution2d": "separable_conv2d",
    "convolution1d": "conv1d",
    "convolution3d": "conv3d",
}


class Facade(types.ModuleType):
    """A module that takes each name from the first of several modules that has it."""

    def __init__(self, name: str, sources: Sequence[Any] = (), **own: Any) -> None:
        super().__init__(name)
        self.__dict__.update(own)
        self.__dict__["_sources"] = tuple(sources)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for source in self._sources:
            try:
                return getattr(source, name)
            except AttributeError:
                continue
        return self._missing(name)

    def _missing(self, name: str) -> Any:
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        names = set(self.__dict__)
        for source in self._sources:
            names.update(dir(source))
        return sorted(names)


class ContribFacade(Facade):
    """A part of `tf.contrib`; attributes may also be modules below it, as after a deep import."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)
        if not isinstance(found, types.ModuleType) or found.__name__.startswith("tf_slim"):
            return found
        # A source's own import: tf_slim.ops.variables has TensorFlow's `variables` as a name.
        deep = _deep_module(self._below(name))
        return importlib.import_module(deep) if deep else found

    def __setattr__(self, name: str, value: Any) -> None:
        """The import system sets the modules below; `ops.arg_scope` stays the function."""
        if isinstance(value, types.ModuleType):
            found = getattr(self, name, value)
            if not isinstance(found, types.ModuleType):
                return
        super().__setattr__(name, value)

    def _below(self, name: str) -> str:
        """The path below `tf.contrib` of an attribute."""
        return (self.__name__[len(CONTRIB) + 1 :] + "." + name).lstrip(".")

    def _missing(self, name: str) -> Any:
        if name in _RENAMED:
            return getattr(self, _RENAMED[name])
        if _is_known(self._below(name)):
            return importlib.import_module(self.__name__ + "." + name)
        raise AttributeError(
            f"{self.__name__.replace('tensorflow', 'tf', 1)}.{name} has no stand-in on "
            "TensorFlow 2; run the old side in a TensorFlow 1.15 interpreter (--old-python)"
        )


def _is_known(path: str) -> bool:
    """Tells whether a dotted path below `tf.contrib` leads to something real."""
    if path in _SOURCES or path in ("training.python", "training.python.training"):
        return True
    if any((prefix + ".").startswith(path + ".") for prefix, _ in _DEEP):
        return True
    return _deep_module(path) is not None


def _deep_module(path: str) -> str | None:
    for prefix, target in _DEEP:
        if not path.startswith(prefix + "."):
            continue
        name = _MOVED.get(path, target + path[len(prefix) :])
        try:
            importlib.import_module(name)
        except ImportError:
            continue
        return name
    return None


class _ContribFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports any `tensorflow.contrib...` path as a facade."""

    def __init__(self, v1: Any) -> None:
        self._v1 = v1

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Takes every module below `tensorflow.contrib`."""
        if fullname != CONTRIB and not fullname.startswith(CONTRIB + "."):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> types.ModuleType:
        """Makes the facade of one part of `tf.contrib`."""
        path = spec.name[len(CONTRIB) + 1 :]
        return ContribFacade(spec.name, self._sources(path), **self._own(path))

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run: a facade looks its names up when they are asked for."""

    def _sources(self, path: str) -> list[Any]:
        part = path.split(".", 1)[0]
        sources = [self._source(text) for text in _SOURCES.get(part, ())]
        deep = _deep_module(path)
        return ([importlib.import_module(deep)] if deep else []) + sources

    def _source(self, text: str) -> Any:
        if not text.startswith("v1:"):
            return importlib.import_module(text)
        found = self._v1
        for name in filter(None, text[3:].split(".")):
            found = getattr(found, name)
        return found

    def _own(self, path: str) -> dict[str, Any]:
        if path.split(".", 1)[0] == "training":
            from slimport.written.hparams import HParams

            return {"HParams": HParams}
        if path.split(".", 1)[0] == "opt":
            from slimport.verify.workers.stand_in_opt import moving_average_optimizer

            return {"MovingAverageOptimizer": moving_average_optimizer(self._v1)}
        if path.split(".", 1)[0] in ("slim", "layers"):
            from slimport.verify.workers.stand_in_embeddings import embeddings

            return embeddings(self._v1)
        if path == "framework":
            return {"nest": self._v1.nest, "is_tensor": self._v1.is_tensor}
        return {}


def install() -> None:
    """Makes `import tensorflow` give TensorFlow 1.15's names in this process.

    Raises:
        ImportError: TensorFlow, tf_keras or tf_slim is not installed.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    restore_numpy_names()
    restore_library_names()
    import tensorflow as real

    v1 = real.compat.v1
    v1.disable_v2_behavior()
    _alias_keras_layers()
    _restore_internals(v1)
    layers = importlib.import_module("tf_slim.layers.layers")
    # tf.contrib registered it; tf_slim asks for it by name and leaves it out.
    v1.RegisterGradient("GDNLowerBound")(layers.GDN._lower_bound_grad)
    tensorflow = Facade("tensorflow", (v1, real), compat=real.compat, __version__="1.15.0")
    tensorflow.__dict__.update(
        __path__=real.__path__,
        __spec__=real.__spec__,
        __file__=real.__file__,
        VERSION="1.15.0",
        real_version=real.__version__,
    )
    sys.modules["tensorflow"] = tensorflow
    sys.meta_path.insert(0, _ContribFinder(v1))
    tensorflow.__dict__["contrib"] = importlib.import_module(CONTRIB)
    v1.contrib = tensorflow.__dict__["contrib"]


def _alias_keras_layers() -> None:
    """Puts tf_keras' TensorFlow 1 layers where tf_slim 1.1.0 looks for them.

    TensorFlow's lazy loader asks for ``tf_keras.legacy_tf_layers``; tf_keras ships that package as
    ``tf_keras.src.legacy_tf_layers`` only.
    """
    home, alias = "tf_keras.src.legacy_tf_layers", "tf_keras.legacy_tf_layers"
    sys.modules[alias] = importlib.import_module(home)
    for name in ("base", "convolutional", "core", "normalization", "pooling"):
        sys.modules[alias + "." + name] = importlib.import_module(home + "." + name)


def _restore_internals(v1: Any) -> None:
    """Puts back names of TensorFlow's inner modules that 2020's libraries import."""
    ops = importlib.import_module("tensorflow.python.framework.ops")
    for name in ("Tensor", "IndexedSlices"):
        if not hasattr(ops, name):
            setattr(ops, name, getattr(v1, name))
    # TensorFlow keeps recurrent cells here which are not those of tf.nn.rnn_cell.
    for module in ("rnn_cell", "rnn_cell_impl"):
        inner = importlib.import_module(f"tensorflow.python.ops.{module}")
        for name in dir(v1.nn.rnn_cell):
            if not name.startswith("_"):
                setattr(inner, name, getattr(v1.nn.rnn_cell, name))
    # tf_slim/data/tfexample_decoder.py looks for both here, where TensorFlow 1 had them.
    control_flow = importlib.import_module("tensorflow.python.ops.control_flow_ops")
    for name in ("case", "cond"):
        if not hasattr(control_flow, name):
            setattr(control_flow, name, getattr(v1, name))
    array_ops = importlib.import_module("tensorflow.python.ops.array_ops")
    for name in ("stack", "unstack"):  # tf_slim's layers and item handlers look for them there
        if not hasattr(array_ops, name):
            setattr(array_ops, name, getattr(v1, name))


def restore_numpy_names() -> None:
    """Puts back the aliases that NumPy 1.24 and 2.0 removed, with the meaning they had."""
    import builtins

    import numpy as np

    from slimport.numpy_api import BUILTINS, RENAMED

    removed = {name: getattr(builtins, now) for name, now in BUILTINS.items()}
    removed.update({name: getattr(np, now.lstrip("-")) for name, now in RENAMED.items()})
    removed["NINF"] = -np.inf
    for name, value in removed.items():
        # numpy 1.20-1.23 still answer, with a warning; numpy 2 has its own `bool` and `long`.
        if name not in np.__dict__:
            setattr(np, name, value)


def restore_library_names() -> None:
    """Puts back names of the standard library that CPython 3.10 and 3.11 removed."""
    for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Callable", "Hashable"):
        if not hasattr(collections, name):
            setattr(collections, name, getattr(collections.abc, name))
    inspecting: Any = inspect
    if not hasattr(inspecting, "getargspec"):
        ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")

        def getargspec(function: Any) -> Any:
            full = inspect.getfullargspec(function)
            return ArgSpec(full.args, full.varargs, full.varkw, full.defaults)

        inspecting.getargspec = getargspec
