"""Whether a program has nothing for any rule, by the index alone: rules take a while to load.

Names of slim and TensorFlow begin at an import of theirs, and come to other files by imports. So it
is enough to look at the files with such an import, and at those that import these, directly or not:
of an environment with PyTorch that is one file in thousands.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import PurePosixPath

from slimport.files.read import read
from slimport.files.source import Source, SourceError, concerns_slim
from slimport.files.surroundings import Imports
from slimport.index.canonical import canonical, is_slim
from slimport.index.program import Program, Reference
from slimport.index.walking import walk
from slimport.rewrite.extent import Extent
from slimport.rewrite.tf1 import only_in_tf1
from slimport.rewrite.written_module import WRITTEN_MODULE, is_ours

# Marks and comments that speak to slimport, and what it made of imports that stayed.
_OURS = (b"slimport", b"legacy_import")
#: As much is looked at at once; of more than a part of a program the index would be made twice.
_SMALL, _PART = 200_000, 4


def is_untouched(extent: Extent) -> bool:
    """Whether no file can change, and none has anything to report.

    `Plan.concerns` would say no of each: what it asks of a file rests on TensorFlow 1 or slim being
    somewhere in the program, or on a mark. False where that is not plain to see.
    """
    if extent.unlisted:
        return False
    paths = extent.given | extent.near
    imports = Imports(extent.root, paths, dict(extent.texts))
    try:
        return _is_untouched(extent, imports)
    except (OSError, SourceError, RecursionError):
        return False


def _is_untouched(extent: Extent, imports: Imports) -> bool:
    total, named = 0, {}
    for path in sorted(imports.paths):
        data = _data(extent, path)
        total += len(data)
        if concerns_slim(data):
            named[path] = data
    most = max(_SMALL, total // _PART)
    if sum(map(len, named.values())) > most:
        return False
    ours = {path for path, data in named.items() if is_ours(data)}
    sources = {p: _source(extent, p, data) for p, data in named.items() if p not in ours}
    if not ours.isdisjoint(extent.given) or None in sources.values():
        return False
    read_of = {path: source for path, source in sources.items() if source is not None}
    beginning = [path for path, source in read_of.items() if _imports_named(source)]
    reached = imports.reached_by_names(beginning) - ours
    if sum(len(_data(extent, path)) for path in reached) > most:
        return False
    for path in reached - read_of.keys():
        source = _source(extent, path, _data(extent, path))
        if source is not None:
            read_of[path] = source
    return has_nothing_old({path: source for path, source in read_of.items() if path in reached})


def _data(extent: Extent, path: PurePosixPath) -> bytes:
    return extent.texts[path] if path in extent.texts else (extent.root / path).read_bytes()


def _speaks(data: bytes) -> bool:
    return any(word in data for word in _OURS)


def _source(extent: Extent, path: PurePosixPath, data: bytes) -> Source | None:
    """A file as a program; None where that is not plain, or something in it speaks to slimport."""
    if path.suffix != ".py" or _speaks(data):
        raise SourceError("it is to be looked at with care")
    return read(extent.root / path, data)


def _imports_named(source: Source) -> bool:
    """Whether a file imports slim, TensorFlow, or a written module, by whatever name of its own."""
    for node in walk(source.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f".{alias.name}" for alias in node.names]
            names.append("." * node.level + (node.module or ""))
        if any(canonical(n.partition(".")[0]) or n.endswith(WRITTEN_MODULE) for n in names):
            return True
    return False


def has_nothing_old(sources: Mapping[PurePosixPath, Source]) -> bool:
    """Whether the index sees neither slim nor what only TensorFlow 1 has."""
    if any(_speaks(source.original) or source.container for source in sources.values()):
        return False
    program = Program(sources)
    return (
        not program.building
        and not program.scoping
        and not program.around_rewritten
        and not any(_is_old(r) for f in program.all() for r in f.references)
        and not any(is_slim(api) for m in program.modules for api in program.imported_apis(m))
    )


def _is_old(reference: Reference) -> bool:
    name = reference.api.name
    return is_slim(name) or only_in_tf1(name.removeprefix("tf."))
