"""Colour in a patch, on a terminal alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TextIO

_COLORS = {b"+": b"\x1b[32m", b"-": b"\x1b[31m", b"@": b"\x1b[36m"}
_BOLD, _END = b"\x1b[1m", b"\x1b[0m"


def has_color(stream: TextIO) -> bool:
    """As rich decides: NO_COLOR outweighs FORCE_COLOR, which outweighs what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (
        stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    )


def colored(stream: TextIO) -> Callable[[bytes], bytes]:
    """Paints the lines of a patch for a stream."""
    return _painted if has_color(stream) else lambda line: line


def _painted(line: bytes) -> bytes:
    start = _BOLD if line.startswith((b"---", b"+++", b"diff")) else _COLORS.get(line[:1])
    if start is None:
        return line
    body = line.rstrip(b"\r\n")
    return start + body + _END + line[len(body) :]
