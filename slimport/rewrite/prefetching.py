"""Batches that were taken out of a queue, and are those of a dataset."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from slimport.index.batched import is_list
from slimport.index.modules import Module
from slimport.index.pipelines import Pipeline
from slimport.index.program import ColumnMap, Span
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import code


class Dequeues:
    """The places of a file where batches are taken out of queues.

    Args:
        pipelines: Those whose queues become datasets.
        module: The file.
        services: The file, for names of the written module.
    """

    def __init__(
        self, pipelines: Iterable[Pipeline], module: Module, services: FileServices
    ) -> None:
        columns = ColumnMap(module.lines)
        self._services = services
        self._calls = {
            columns.span(pipeline.queue.dequeue.call): pipeline
            for pipeline in pipelines
            if pipeline.queue is not None and pipeline.queue.dequeue.module is module
        }

    def __bool__(self) -> bool:
        return bool(self._calls)

    def call(self, span: Span, node: cst.Call) -> cst.Call:
        """``next_batch(batch_queue)`` for ``batch_queue.dequeue()``; any other call as it is."""
        pipeline = self._calls.get(span)
        if pipeline is None or pipeline.queue is None or not isinstance(node.func, cst.Attribute):
            return node
        several = is_list(pipeline.held) and not pipeline.queue.dequeue.is_unpacked
        return next_of(code(node.func.value), several, self._services)


def next_of(batches: str, several: bool, services: FileServices) -> cst.Call:
    """``next_batch(batches)``; of several tensors a queue made a list."""
    call = cst.Call(services.written("next_batch"), [cst.Arg(cst.Name(batches))])
    return cst.Call(cst.Name("list"), [cst.Arg(call)]) if several else call
