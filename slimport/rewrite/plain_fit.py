"""A network on a batch and one of Keras' losses: ``keras.Model(inputs, outputs)``, compiled so."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from slimport.index.plain_training import PlainTraining
from slimport.rewrite.names import free_name
from slimport.rewrite.pipelines import Pair
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import (
    below,
    call_in,
    code,
    comments_left,
    keyword,
    line,
    lines_above,
    with_lines,
    with_lines_only,
)

# By the name in ``tf.losses``: Keras' class, and whether it is to be told that it gets logits.
_LOSSES = {
    "absolute_difference": ("MeanAbsoluteError", False),
    "huber_loss": ("Huber", False),
    "mean_squared_error": ("MeanSquaredError", False),
    "sigmoid_cross_entropy": ("BinaryCrossentropy", True),
    "softmax_cross_entropy": ("CategoricalCrossentropy", True),
    "sparse_softmax_cross_entropy": ("SparseCategoricalCrossentropy", True),
}


class PlainFit:
    """The statements that differ from those of a LossModel.

    Args:
        plain: What the index found.
        services: The file, for names of Keras and of the written module.
        taken: Names of the function.
        scoped: Whether layers of the network are found by scope, and need a graph of their own.
    """

    def __init__(
        self, plain: PlainTraining, services: FileServices, taken: set[str], scoped: bool
    ) -> None:
        self._plain = plain
        self._services = services
        self._scoped = scoped
        self.batches = free_name("batches", taken)
        self._inputs = plain.inputs or free_name("inputs", taken)
        self._spec = free_name(f"{self._inputs}_spec", taken)

    @property
    def tag(self) -> cst.BaseExpression | None:
        """What a summary called the loss."""
        tag = self._plain.tag
        return None if tag is None else cst.parse_expression(ast.unparse(tag))

    def loss(self) -> cst.Call:
        """The loss that `compile` is given."""
        loss = self._plain.loss
        name, takes_logits = _LOSSES[loss.name]
        given = [keyword("from_logits", cst.Name("True"))] if takes_logits else []
        for option, value in loss.options.items():
            given.append(keyword(option, cst.parse_expression(ast.unparse(value))))
        return cst.Call(self._services.keras(f"losses.{name}"), given)

    def making(self, pairs: Sequence[Pair], model: str) -> list[cst.BaseStatement]:
        """The statements up to the model.

        Args:
            pairs: The statements of the loss; those of a pipeline are new already.
            model: The model's name.
        """
        plain = self._plain
        reading = [new for old, new in pairs if old in plain.reading]
        network = [new for old, new in pairs if old in plain.network]
        dropped = [new for old, new in pairs if old in plain.dropped]
        if len(reading) + len(network) + len(dropped) != len(pairs):
            raise ValueError("a statement of the loss would be lost")
        if plain.constants is not None:
            reading = [with_lines(self._of_constants(), lines_above(network[0]))]
            network = [self._on_inputs(network[0])]
        elif plain.reader is not None:
            reading[-1] = self._whole(reading[-1])
        outputs = plain.loss.predictions
        made = line(f"{model} = {code(self._services.keras('Model'))}({self._inputs}, {outputs})")
        comments = [comment for statement in dropped for comment in comments_left(statement)]
        return [*reading, *self._input(), *self._in_graph(network), with_lines(made, comments)]

    def _whole(self, read: cst.BaseStatement) -> cst.BaseStatement:
        """The statement that read a batch, with a name for all of them."""
        value = code(call_in(read))
        return with_lines_only(line(f"{self.batches} = {value}"), lines_above(read))

    def _input(self) -> list[cst.BaseStatement]:
        """The network's input, of the shape and type of the batches'."""
        spec = self._spec
        shape = f"batch_shape={spec}.shape" if self._plain.keeps_batch_size else f"{spec}.shape[1:]"
        made = f"{code(self._services.keras('Input'))}({shape}, dtype={spec}.dtype)"
        return [line(f"{spec}, _ = {self.batches}.element_spec"), line(f"{self._inputs} = {made}")]

    def _of_constants(self) -> cst.BaseStatement:
        """A dataset that repeats one batch."""
        constants = self._plain.constants
        assert constants is not None
        dataset = code(self._services.tensorflow("data.Dataset.from_tensors", "tensorflow"))
        return line(f"{self.batches} = {dataset}(({', '.join(constants.names)})).repeat()")

    def _on_inputs(self, network: cst.BaseStatement) -> cst.BaseStatement:
        """The network's statement, on the input instead of the constant."""
        constants, call = self._plain.constants, call_in(network)
        assert constants is not None
        given = list(call.args)
        given[constants.position] = given[constants.position].with_changes(
            value=cst.Name(self._inputs)
        )
        changed = network.deep_replace(call, call.with_changes(args=given))
        assert isinstance(changed, cst.BaseStatement)
        return with_lines_only(changed, ())

    def _in_graph(self, network: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
        if not self._scoped:
            return list(network)
        opened = cst.Call(self._services.written("layer_graph"), [cst.Arg(cst.Name(self._inputs))])
        return [below(opened, network)]
