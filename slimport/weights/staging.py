"""Where a file is made before it takes its place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging_folder(place: Path) -> Iterator[Path]:
    """Yields a new folder, which is gone at the end, with whatever still lies in it.

    Args:
        place: Where the file is to be. The folder is beside it: what is moved from another file
            system is not there at once.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".slimport-", dir=place.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
