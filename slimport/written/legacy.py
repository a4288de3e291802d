"""Legacy imports: what TensorFlow 2 lacks, and migrated files still name."""

from __future__ import annotations

import functools
import importlib
from typing import Any

__all__ = ["legacy_import"]


@functools.cache
def legacy_import(name: str) -> Any:
    """Imports what the migration left a reference to, or stands in for it where that fails.

    `slim = legacy_import("tf_slim")` is `import tf_slim as slim` where tf_slim is installed. Where
    it is not, the file that says so can be imported all the same, and only what uses a part of
    slim fails. A comment `TODO(slimport)` above each of these places says what to do.

    Args:
        name: Dotted name of a module, or of something in one.
    """
    parent, _, last = name.rpartition(".")
    try:
        if not parent:
            return importlib.import_module(name)
        return getattr(__import__(parent, fromlist=[last]), last)  # from parent import last
    except Exception as error:  # an old package on a new TensorFlow fails in any way
        return MissingLegacyApi(name, error)


class MissingLegacyApi:
    """Stands for something that cannot be imported: naming it is possible, every use raises."""

    def __init__(self, name: str, error: Exception) -> None:
        self.__dict__.update(_name=name, _reason=f"{type(error).__name__}: {error}")

    def __repr__(self) -> str:
        return f"<{self._name}, which cannot be imported>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python and its tools ask of any object
            raise AttributeError(name)
        return legacy_import(f"{self._name}.{name}")

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        # The class statement is no use yet, or its file could not be imported: an object of it is.
        return (type("MissingLegacyClass", (), {"__new__": self._use}),)

    def _use(self, *args: Any, **kwargs: Any) -> Any:
        raise ImportError(
            f"{self._name} is no part of TensorFlow 2 ({self._reason}). The migration left this "
            "reference to it: the TODO(slimport) above it says why, and what to do instead."
        )

    # Hashes too: a missing constant must not be looked up as a key that is nowhere.
    __call__ = __iter__ = __next__ = __len__ = __getitem__ = __contains__ = __enter__ = _use
    __bool__ = __hash__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _use
    __str__ = __format__ = __int__ = __float__ = __index__ = __setattr__ = __delattr__ = _use
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _use
    __exit__ = __instancecheck__ = __subclasscheck__ = _use
