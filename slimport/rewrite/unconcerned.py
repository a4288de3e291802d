"""Whether a program has nothing for any rule, by the index alone: rules take a while to load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from slimport.files.source import Source
from slimport.index.canonical import is_slim
from slimport.index.program import Program, Reference
from slimport.rewrite.tf1 import only_in_tf1

# Marks and comments that speak to slimport.
_OURS = b"slimport"


def is_unconcerned(sources: Mapping[PurePosixPath, Source]) -> bool:
    """Whether no file of a program can change, and none has anything to report.

    `Plan.concerns` would say no of each: what it asks of a file rests on TensorFlow 1 or slim being
    somewhere in the program, or on a mark. False where that is not plain to see.
    """
    if any(_OURS in source.original or source.container for source in sources.values()):
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
