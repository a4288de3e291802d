"""Queues of file names as datasets: their records, and the functions that read them."""

from __future__ import annotations

import ast

import libcst as cst

from slimport.index.file_queues import FileQueue
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import (
    arguments,
    assignment,
    call_in,
    code,
    keyword,
    line,
    on_one_line,
    without_statements,
)

_PARAMETERS = ("string_tensor", "num_epochs", "shuffle", "seed")
_DATASETS = {
    "tf.FixedLengthRecordReader": "FixedLengthRecordDataset",
    "tf.TFRecordReader": "TFRecordDataset",
    "tf.TextLineReader": "TextLineDataset",
}


class FileRecords:
    """The new statements of one queue.

    Args:
        files: What the index found.
        services: The file, for names of the written module and of TensorFlow.
    """

    def __init__(self, files: FileQueue, services: FileServices) -> None:
        self._files = files
        self._services = services

    @property
    def statement(self) -> ast.stmt:
        """The statement that made the queue."""
        return self._files.statement

    def dataset(self, statement: cst.BaseStatement, name: str) -> list[cst.BaseStatement]:
        """``records = queued_files(paths)``, and the step from paths to records."""
        given = arguments(call_in(statement), _PARAMETERS)
        first, *others = (n for n in _PARAMETERS if n in given)
        kept = [cst.Arg(given[first]), *(keyword(n, given[n]) for n in others)]
        files = cst.Call(self._services.written("queued_files"), on_one_line(kept))
        assert isinstance(statement, cst.SimpleStatementLine)
        made = statement.with_changes(body=[assignment(name, files)])
        return [made, line(f"{name} = {name}.{self._reading()}")]

    def _reading(self) -> str:
        """The step from paths to records."""
        if self._files.reader == "tf.WholeFileReader":
            return f"map({code(self._services.tensorflow('io.read_file', 'tensorflow'))})"
        kind = f"data.{_DATASETS[self._files.reader]}"
        dataset = code(self._services.tensorflow(kind, "tensorflow"))
        call = self._files.reader_call
        values = [*call.args, *(k.value for k in call.keywords if k.arg == "record_bytes")]
        if values:
            return f"flat_map(lambda path: {dataset}(path, {ast.unparse(values[0])}))"
        return f"flat_map({dataset})"


def of_a_record(node: cst.FunctionDef, files: FileQueue) -> cst.FunctionDef:
    """The function that read by a reader, on the record itself.

    Args:
        node: The function.
        files: What reads by it; the function's first parameter is its queue.
    """
    body, old = node.body, files.function.node
    assert isinstance(body, cst.IndentedBlock) and isinstance(old, ast.FunctionDef)
    first, *others = node.params.params
    parameters = [first.with_changes(name=cst.Name(files.record)), *others]
    return node.with_changes(
        params=node.params.with_changes(params=parameters),
        body=without_statements(body, [statement in files.going for statement in old.body]),
    )
