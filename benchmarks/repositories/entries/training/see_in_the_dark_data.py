"""Made photographs for Learning-to-See-in-the-Dark: two raw files each, by name."""

import sys
import types
import zlib
from pathlib import Path

import numpy as np

SIZE = 192


def prepare():
    """Writes the files that the script looks for and puts a reader of them in rawpy's place."""
    for kind, exposure in (("short", "0.1"), ("long", "10")):
        folder = Path("dataset", "Sony", kind)
        folder.mkdir(parents=True)
        for number in (1, 2):
            (folder / f"{number:05d}_00_{exposure}s.ARW").touch()
    rawpy = types.ModuleType("rawpy")
    rawpy.imread = _Raw
    sys.modules["rawpy"] = rawpy
    np.random.seed(0)


class _Raw:
    """What rawpy gives for a file; its numbers depend on the file's name."""

    def __init__(self, path):
        random = np.random.RandomState(zlib.crc32(Path(path).name.encode()))
        self.raw_image_visible = random.randint(512, 16384, (SIZE, SIZE)).astype("uint16")
        self._image = random.randint(0, 65536, (SIZE, SIZE, 3)).astype("uint16")

    def postprocess(self, **options):
        """The developed photograph."""
        return self._image
