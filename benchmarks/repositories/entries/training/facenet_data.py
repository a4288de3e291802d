"""Made photographs of three people for facenet, as PNG files."""

import struct
import zlib
from pathlib import Path

import numpy as np

FOLDER, SIZE, PEOPLE, PHOTOGRAPHS = "photographs", 160, 3, 2


def prepare():
    """Writes the folder that the script is told to read: one folder per person."""
    random = np.random.RandomState(0)
    for person in range(PEOPLE):
        folder = Path(FOLDER, f"person_{person}")
        folder.mkdir(parents=True)
        for number in range(PHOTOGRAPHS):
            # Large patches, so that photographs still differ after the first strides.
            patches = random.randint(0, 256, (SIZE // 8, SIZE // 8, 3)).astype("uint8")
            image = patches.repeat(8, axis=0).repeat(8, axis=1)
            (folder / f"{number}.png").write_bytes(_png(image))


def _png(image):
    """Encodes uint8 [height, width, 3]."""
    height, width = image.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
