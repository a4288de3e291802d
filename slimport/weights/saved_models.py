"""SavedModels of TensorFlow 1: their variables, or the constants that a frozen one holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from slimport.weights import graph_constants, wire
from slimport.weights.checkpoint_files import bundle_at
from slimport.weights.checkpoint_values import BundleSource
from slimport.weights.graph_constants import Graph, GraphConstants
from slimport.weights.stored import Source, SourceError

KIND = "SavedModel"

# Fields of SavedModel, MetaGraphDef and MetaInfoDef.
META_GRAPH = 2
META_INFO, GRAPH = 1, 2
TAGS = 4


def is_saved_model(folder: Path) -> bool:
    """Tells a SavedModel's folder."""
    return any((folder / name).is_file() for name in ("saved_model.pb", "saved_model.pbtxt"))


def open_saved_model(folder: Path) -> Source:
    """Opens the folder of a SavedModel."""
    variables = folder / "variables" / "variables"
    if bundle_at(variables):
        return BundleSource(variables, KIND)
    model = folder / "saved_model.pb"
    if not model.is_file():
        raise SourceError(
            f"{folder / 'saved_model.pbtxt'} has no variables/variables.index beside it, and is "
            "text: constants are read from saved_model.pb only."
        )
    if any((folder / "variables").glob("variables.data-*")):
        raise SourceError(f"{variables}.index is missing: the SavedModel {folder} is incomplete.")
    return _open_constants(model)


def _open_constants(path: Path) -> GraphConstants:
    """The Object Detection API exports SavedModels of frozen graphs."""
    try:
        with path.open("rb") as file:
            graphs = list(_graphs(file, path.stat().st_size))
    except wire.WireError as error:
        raise SourceError(graph_constants.cut_off(path, error)) from error
    if not graphs:
        raise SourceError(f"{path} holds no graph: it is empty or cut off. Copy it again.")
    # One that was exported for serving, where there are several.
    _, graph = next((found for found in graphs if "serve" in found[0]), graphs[0])
    if graph.variables:
        raise SourceError(
            f"{path.parent} has no variables/variables.index, which holds the values of its "
            f"graph's {len(graph.variables)} variables. Copy the whole folder."
        )
    graph_constants.refuse_unfrozen(path, graph)
    return GraphConstants(path, f"{KIND} (constants)", graph.weights)


def _graphs(data: BinaryIO, end: int) -> Iterator[tuple[list[str], Graph]]:
    """Yields each graph with the tags of its MetaGraphDef."""
    for meta in wire.fields(data, 0, end):
        if meta.number != META_GRAPH:
            continue
        tags: list[str] = []
        for field in wire.fields(data, meta.start, meta.end):
            if field.number == META_INFO:
                inner = wire.fields(data, field.start, field.end)
                tags = [wire.text(data, tag) for tag in inner if tag.number == TAGS]
            elif field.number == GRAPH:
                yield tags, graph_constants.read_graph(data, field.start, field.end)
