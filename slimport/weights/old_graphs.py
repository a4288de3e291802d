"""The old side of a check where its graph is in a file: frozen, in a SavedModel, or a .meta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimport.weights.errors import CheckError

Array = np.ndarray[Any, Any]


class OldGraphError(CheckError):
    """The graph cannot be run; the message says why."""


def is_graph(path: Path) -> bool:
    """Whether a path is that of a graph, not of a tree of source files."""
    return path.suffix in (".pb", ".meta") or (path / "saved_model.pb").is_file()


class OldGraph:
    """A graph of TensorFlow 1 in a session of its own.

    Args:
        path: A frozen graph (.pb), a SavedModel's folder or saved_model.pb, or a .meta file.
        checkpoint: Where the variables of a .meta file are restored from.

    Attributes:
        inputs: Names of the tensors that it can be fed.
        outputs: Names of tensors by the names of outputs: of a SavedModel those of its signature;
            of the others nothing, an operation's name stands for its first tensor.

    Raises:
        OldGraphError: It cannot be loaded.
    """

    def __init__(self, path: Path, checkpoint: Path | None = None) -> None:
        import tensorflow as tf

        self._tf = tf
        self.path = path
        self._graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=self._graph)
        self.inputs: list[str] = []
        self.outputs: dict[str, str] = {}
        try:
            with self._graph.as_default():
                self._load(checkpoint)
        except Exception as error:
            raise OldGraphError(f"{path} cannot be loaded: {error}") from error
        if not self.inputs:
            found = [op for op in self._graph.get_operations() if op.type == "Placeholder"]
            self.inputs = [op.outputs[0].name for op in found]

    def _load(self, checkpoint: Path | None) -> None:
        tf, path = self._tf, self.path
        if path.suffix == ".meta":
            saver = tf.compat.v1.train.import_meta_graph(str(path), clear_devices=True)
            if saver is None:
                raise ValueError("it holds no graph with variables")
            saver.restore(self._session, str(checkpoint))
        elif path.name == "saved_model.pb" or path.is_dir():
            self._load_saved_model(path.parent if path.is_file() else path)
        else:
            definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
            tf.graph_util.import_graph_def(definition, name="")

    def _load_saved_model(self, folder: Path) -> None:
        loaded = self._tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))
        signatures = loaded.signature_def
        name = "serving_default"
        if name not in signatures and len(signatures) == 1:
            (name,) = signatures
        if name in signatures:
            self.inputs = [tensor.name for tensor in signatures[name].inputs.values()]
            self.outputs = {key: t.name for key, t in signatures[name].outputs.items()}

    def input(self, name: str | None) -> Any:
        """The tensor to feed.

        Args:
            name: Its name; `None` where there is but one.

        Raises:
            OldGraphError: There is none, or more than one.
        """
        if name is None and len(self.inputs) != 1:
            found = ", ".join(self.inputs) or "none"
            raise OldGraphError(
                f"{self.path}: which tensor takes the image? --old-input NAME ({found})"
            )
        return self._tensor(name or self.inputs[0])

    def run(self, fed: Any, image: Array, wanted: Mapping[str, str]) -> dict[str, Array]:
        """Runs the graph once.

        Args:
            fed: The tensor to feed.
            image: What it is fed.
            wanted: Names of tensors by the names of outputs.

        Raises:
            OldGraphError: It needs more than the image, or other sizes.
        """
        fetches = {name: self._tensor(tensor) for name, tensor in wanted.items()}
        try:
            found: dict[str, Array] = self._session.run(fetches, {fed: image})
        except (self._tf.errors.OpError, ValueError, TypeError) as error:
            why = getattr(error, "message", None) or str(error)
            raise OldGraphError(
                f"{self.path} cannot be run on {fed.name} of shape {list(image.shape)}: {why}"
            ) from error
        return found

    def fetches(self, names: Sequence[str], told: Mapping[str, str]) -> dict[str, str]:
        """The tensors that stand for outputs of a model.

        Args:
            names: Names of the outputs.
            told: What the user said, tensor by output; it wins, and leaves the others out.

        Returns:
            Those that the graph has.

        Raises:
            OldGraphError: It has none of them.
        """
        if told:
            return dict(told)
        found = {}
        for name in names:
            tensor = self.outputs.get(name, f"{name}:0")
            if self._has(tensor):
                found[name] = tensor
        if not found:
            raise OldGraphError(
                f"{self.path} has no tensors called as the model's outputs ({', '.join(names)}): "
                "--old-output OUTPUT=TENSOR says which they are"
            )
        return found

    def _has(self, tensor: str) -> bool:
        try:
            self._tensor(tensor)
        except OldGraphError:
            return False
        return True

    def _tensor(self, name: str) -> Any:
        try:
            return self._graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
        except (KeyError, ValueError) as error:
            raise OldGraphError(f"{self.path} has no tensor {name}") from error
