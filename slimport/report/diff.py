"""Changes as a patch that `git apply` and `patch -p1` take, byte for byte."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

_NO_END = b"\\ No newline at end of file\n"


def patch(name: str, old: bytes | None, new: bytes) -> Iterator[bytes]:
    """The lines of a unified diff of one file.

    Args:
        name: Its path, relative to where the patch is applied.
        old: What is there; None where nothing is.
        new: What is to be there.
    """
    path = name.encode("utf-8", "surrogateescape")
    if old is None:
        yield b"diff --git a/%s b/%s\nnew file mode 100644\n" % (path, path)
    # Only a line feed ends a line here: `splitlines` would also split at form feeds and the like.
    # Bytes of any encoding pass through Latin-1 unharmed.
    before, after = (_lines(data or b"") for data in (old, new))
    first = "/dev/null" if old is None else "a/FILE"
    for number, line in enumerate(difflib.unified_diff(before, after, first, "b/FILE")):
        data = line.encode("latin-1")
        if number < 2:  # a tab ends a name that has spaces in it
            yield data.rstrip(b"\n").replace(b"FILE", path) + (b"\t\n" if b" " in path else b"\n")
        else:
            yield data if data.endswith(b"\n") else data + b"\n" + _NO_END


def _lines(data: bytes) -> list[str]:
    parts = data.decode("latin-1").split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
