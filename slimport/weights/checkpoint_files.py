"""Which files a checkpoint consists of, told by its prefix, one of them, or its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from slimport.weights.checkpoint_values import BundleSource, TableSource, beside
from slimport.weights.stored import Source, SourceError
from slimport.weights.tensor_bundle import is_table

#: What each file of a checkpoint (V2) has behind the prefix.
SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")

#: What each file of a divided checkpoint (V1) has behind the prefix.
SHARD = re.compile(r"-(\d{5}|\?{5})-of-(\d{5})$")

_LATEST = re.compile(rb'^\s*model_checkpoint_path\s*:\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE)


def bundle_at(prefix: Path) -> bool:
    """Tells whether a prefix is that of a checkpoint (V2)."""
    return beside(prefix, ".index").is_file()


def open_checkpoint(path: Path) -> Source | None:
    """Opens the checkpoint that a prefix or one of its files names; None where there is none."""
    prefix = path.with_name(SUFFIX.sub("", path.name))
    if bundle_at(prefix):
        return BundleSource(prefix)
    if any(_data_files(prefix)):
        index = beside(prefix, ".index")
        raise SourceError(f"{index} is missing: without it the data of {prefix} cannot be read.")
    if prefix.is_file() and is_table(prefix) and not SHARD.search(prefix.name):
        return TableSource(prefix, [prefix])
    shards = _table_shards(prefix.with_name(SHARD.sub("", prefix.name)))
    if shards:
        return TableSource(Path(SHARD.sub("", str(shards[0]))), shards)
    if beside(prefix, ".meta").is_file() and not prefix.is_file():
        raise SourceError(
            f"{beside(prefix, '.meta')} holds a graph and no values: {prefix.name}.index and "
            "its data are missing."
        )
    return None


def open_folder(folder: Path) -> Source:
    """Opens the checkpoint that a folder's `checkpoint` file calls the latest, or the only one."""
    found = sorted(prefixes(folder))
    names = ", ".join(prefix.name for prefix in found)
    state = folder / "checkpoint"
    if state.is_file():
        latest = _latest(state)
        source = open_checkpoint(latest)
        if source is None:
            there = f"The folder holds {names}: give one." if found else "The folder holds none."
            raise SourceError(f"{state} names {latest}, which is not there. {there}")
        return source
    if not found:
        raise SourceError(f"{folder} holds no checkpoint and no SavedModel.{_graphs_in(folder)}")
    if len(found) > 1:
        raise SourceError(f"{folder} holds {len(found)} checkpoints: {names}. Give one of them.")
    source = open_checkpoint(found[0])
    assert source is not None
    return source


def prefixes(folder: Path) -> set[Path]:
    """Returns the prefixes of the checkpoints in a folder."""
    files = [path for path in folder.iterdir() if path.is_file()]
    found = {path.with_name(SUFFIX.sub("", path.name)) for path in files if path.suffix == ".index"}
    for path in files:
        if not SUFFIX.search(path.name) and is_table(path):
            found.add(path.with_name(SHARD.sub("", path.name)))
    return found


def _graphs_in(folder: Path) -> str:
    """Returns a hint at other files of weights."""
    graphs = sorted(p.name for p in folder.glob("*.pb"))
    inner = sorted(p.parent.name for p in folder.glob("*/saved_model.pb*"))
    return f" It holds {', '.join(graphs + inner)}: give that." if graphs + inner else ""


def _latest(state: Path) -> Path:
    """Returns the prefix that a CheckpointState names; one that is not absolute is beside it."""
    named = _LATEST.search(state.read_bytes())
    try:  # a text proto may have bytes that are not ASCII as they are or as octal numbers
        path = named and os.fsdecode(named[1].decode("unicode_escape").encode("latin-1"))
    except UnicodeError:
        path = None
    if not path:
        raise SourceError(f"{state} names no checkpoint. Give a checkpoint's prefix.")
    return state.parent / path


def _data_files(prefix: Path) -> Iterator[Path]:
    if prefix.parent.is_dir():
        start = f"{prefix.name}.data-"
        yield from (path for path in prefix.parent.iterdir() if path.name.startswith(start))


def _table_shards(prefix: Path) -> list[Path]:
    """Returns the files of a divided checkpoint (V1); SourceError where some are missing."""
    found: dict[int, set[Path]] = {}
    for path in prefix.parent.iterdir() if prefix.parent.is_dir() else ():
        shard = SHARD.search(path.name)
        if shard and path.name == prefix.name + shard[0] and is_table(path):
            found.setdefault(int(shard[2]), set()).add(path)
    for count, paths in found.items():
        names = [beside(prefix, f"-{i:05d}-of-{count:05d}") for i in range(count)]
        for name in names:
            if name not in paths:
                what = "is cut off" if name.is_file() else "is missing"
                raise SourceError(f"{name} {what}: {prefix} was written in {count} files.")
        return names
    return []
