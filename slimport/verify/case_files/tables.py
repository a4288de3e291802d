"""Tables of a case file, with no room for a misspelt key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CaseFileError(ValueError):
    """A case file that cannot be used; the message names the file and the place in it."""


class Table:
    """A TOML table whose keys are taken one by one, so that what is left over is unknown."""

    def __init__(self, data: Mapping[str, Any], place: str) -> None:
        self._left = dict(data)
        self._known: set[str] = set()
        self._shared: dict[str, Any] = {}
        self.place = place

    def take(self, key: str) -> Any:
        """Takes a value of any kind; None where there is none."""
        self._known.add(key)
        if key in self._left:
            self._shared[key] = self._left.pop(key)
        return self._shared.get(key)

    def _typed(self, key: str, kind: type, what: str) -> Any:
        value = self.take(key)
        if value is not None and (not isinstance(value, kind) or _is_wrong_bool(value, kind)):
            raise CaseFileError(f"{self.place}: {key} must be {what}")
        return value

    def text(self, key: str) -> str | None:
        """Takes a string."""
        found: str | None = self._typed(key, str, "a string")
        return found

    def integer(self, key: str, default: int) -> int:
        """Takes a whole number."""
        value = self.whole(key)
        return default if value is None else value

    def whole(self, key: str) -> int | None:
        """Takes a whole number; None where there is none."""
        found: int | None = self._typed(key, int, "a whole number")
        return found

    def boolean(self, key: str, default: bool) -> bool:
        """Takes true or false."""
        value = self._typed(key, bool, "true or false")
        return default if value is None else bool(value)

    def mapping(self, key: str) -> dict[str, Any] | None:
        """Takes a table."""
        found: dict[str, Any] | None = self._typed(key, dict, "a table")
        return found

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Takes a list of strings."""
        value = self._typed(key, list, "a list of strings")
        if value is None:
            return default
        if not all(isinstance(item, str) for item in value):
            raise CaseFileError(f"{self.place}: {key} must be a list of strings")
        return tuple(value)

    def tables(self, key: str) -> list[dict[str, Any]]:
        """Takes a list of tables."""
        value = self._typed(key, list, "a list of tables")
        if value is not None and not all(isinstance(item, dict) for item in value):
            raise CaseFileError(f"{self.place}: {key} must be written as [[{key}]]")
        return value or []

    def either(self, key: str, side: str, take: Any) -> Any:
        """Takes ``old_key`` or ``new_key`` where given, else the key that serves both sides."""
        both, own = take(key), take(f"{side}_{key}")
        return both if own is None else own

    def end(self) -> None:
        """Refuses what nobody took."""
        if self._left:
            names = ", ".join(sorted(self._left))
            known = ", ".join(sorted(self._known))
            raise CaseFileError(f"{self.place}: unknown key {names} (known: {known})")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_wrong_bool(value: Any, kind: type) -> bool:
    return isinstance(value, bool) and kind is int
