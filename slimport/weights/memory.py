"""What the C library does with memory that is freed."""

from __future__ import annotations

import ctypes
import sys

# mallopt(3), <malloc.h> of glibc.
_M_MMAP_THRESHOLD = -3
_LARGE = 1 << 20


def return_what_is_freed() -> None:
    """Makes large blocks go back to the system when they are freed.

    Left alone, glibc keeps freed blocks of up to 32 MB for later: for tensors of 20 MB a
    conversion held three beside the model where it uses two. Other C libraries are left alone.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
