"""What a file is that holds no weights of TensorFlow 1, told by how it begins."""

from __future__ import annotations

from pathlib import Path

#: How files begin, and what to say of them.
BEGINNINGS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file: weights of Keras, which load_weights reads",
    b"PK\x03\x04": "a zip file: a model of Keras (.keras), arrays (.npz), or an archive to unpack",
    b"PK\x05\x06": "an empty zip file",
    b"\x1f\x8b": "compressed by gzip: unpack it and give what is in it",
    b"BZh": "compressed by bzip2: unpack it and give what is in it",
    b"\xfd7zXZ\x00": "compressed by xz: unpack it and give what is in it",
    b"\x93NUMPY": "an array of NumPy",
    b"\x80\x02": "a pickle of Python",
    b"\x80\x03": "a pickle of Python",
    b"\x80\x04": "a pickle of Python",
    b"\x80\x05": "a pickle of Python",
    b"version https://git-lfs": "a pointer of Git LFS: fetch the file itself with `git lfs pull`",
    b"<": "a page of HTML or XML: the download went wrong",
    b"{": "JSON",
    b"node {": "a graph as text: write it with tf.io.write_graph(..., as_text=False)",
}


def what_it_is(path: Path) -> str | None:
    """Returns what a foreign file is; None for what may be a protocol buffer."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        return "an empty file"
    if head[4:8] == b"TFL3":
        return "a model of TensorFlow Lite: give what it was converted from"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it and give what is in it"
    for beginning, what in BEGINNINGS.items():
        if head.startswith(beginning):
            return what
    return "text" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """A graph begins with what would end a line, and has lengths, which are no letters."""
    return head[:1] != b"\n" and all(byte in b"\t\n\r\f" or 32 <= byte != 127 for byte in head)
