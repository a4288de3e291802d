"""Hyperparameters by name."""

# This file runs under CPython 3.7.

from __future__ import annotations

import json
import numbers
import re
from typing import Any

__all__ = ["HParams", "parse_values"]


class HParams:
    """Hyperparameters that are read as attributes and keep the type of their first value.

    `HParams(depth=3, sizes=[8, 16]).parse("depth=4,sizes=[32]").depth` is 4. Where a parameter is
    set anew, an integer becomes a float where the parameter is one; other types must agree. A
    parameter that was `None` at first takes anything.

    Args:
        hparam_def: `None`; protocol buffers of TensorFlow 1 are not read.
        model_structure: Kept for `get_model_structure`.
        **kwargs: Names and values: numbers, texts, booleans, or lists of one of these.

    Raises:
        ValueError: If a name is that of a method, or a list is empty.
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def:
            raise NotImplementedError("HParams(hparam_def=...) needs TensorFlow 1")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a hyperparameter.

        Raises:
            ValueError: If the name is taken, by a method too, or `value` is an empty list.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        is_list = isinstance(value, (list, tuple))
        if is_list and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0] if is_list else value), is_list)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Sets a hyperparameter that exists.

        Raises:
            KeyError: If it does not.
            ValueError: If the value has another type, or is a list where there was none.
        """
        setattr(self, name, self._checked(name, value))

    def _checked(self, name: str, value: Any) -> Any:
        """Returns the value in the type of the hyperparameter."""
        kind, is_list = self._hparam_types[name]
        if is_list != isinstance(value, list):
            raise ValueError(f"Hyperparameter {name} takes {'a list' if is_list else 'no list'}")
        if is_list:
            return [_in_type(name, kind, item) for item in value]
        return _in_type(name, kind, value)

    def del_hparam(self, name: str) -> None:
        """Removes a hyperparameter if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Sets hyperparameters from text such as `"depth=3,sizes=[8,16],name=a"`.

        Raises:
            ValueError: If the text cannot be read, or names a hyperparameter that is not there.
        """
        types = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, types))

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Sets several hyperparameters; see `set_hparam`."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> HParams:
        """Sets several hyperparameters; see `set_hparam`."""
        return self.override_from_dict(values_map)

    def parse_json(self, values_json: str) -> HParams:
        """Sets hyperparameters from a JSON object; see `set_hparam`."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """Returns all hyperparameters as a JSON object."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self) -> dict[str, Any]:
        """Returns all hyperparameters by name, in the order in which they were added."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a hyperparameter, or `default` where there is none of that name.

        Raises:
            ValueError: If the hyperparameter is there and `default` has another type.
        """
        if key not in self._hparam_types:
            return default
        if default is not None:
            self._checked(key, default)
        return getattr(self, key)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keeps something for `get_model_structure`."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """Returns what was kept."""
        return self._model_structure

    def __contains__(self, key: str) -> bool:
        """Returns whether there is a hyperparameter of this name."""
        return key in self._hparam_types

    def __str__(self) -> str:
        """Returns `name=value` of all hyperparameters, in the order in which they were added."""
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        """Returns the names and values, sorted by name."""
        return f"{type(self).__name__}({sorted(self.values().items())})"


# `name=`, then `[anything]` or anything without a comma or bracket, then a comma or the end.
_ASSIGNMENT = re.compile(
    r"([a-zA-Z][\w.]*)(?:\[\s*(\d+)\s*\])?\s*=\s*(?:\[([^\]]*)\]|([^,\[]*))(?:,\s*|$)"
)


def parse_values(
    values: str, type_map: dict[str, Any], ignore_unknown: bool = False
) -> dict[str, Any]:
    """Reads text such as `"depth=3,sizes=[8,16],sizes[0]=4"`.

    Args:
        values: The text.
        type_map: The type of each name; for a list, that of its items.
        ignore_unknown: Whether to pass over names that have no type.

    Returns:
        What was read by name: a value, a list, or, for items of a list, a dictionary by index.

    Raises:
        ValueError: If the text is malformed, a value is not of its type, or one is given twice.
    """
    found: dict[str, Any] = {}
    place = 0
    while place < len(values):
        match = _ASSIGNMENT.match(values, place)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {values[place:]}")
        place = match.end()
        name, index, items, text = match.groups()
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        owner: Any = found if index is None else found.setdefault(name, {})
        key: Any = name if index is None else int(index)
        if not isinstance(owner, dict) or key in owner or (items is not None and index is not None):
            raise ValueError(f"Multiple or mixed assignments to {name} in {values}")
        read = _read_bool if type_map[name] is bool else type_map[name]
        try:
            if items is None:
                owner[key] = read(text)
            else:
                owner[key] = [read(item) for item in items.replace(",", " ").split(" ") if item]
        except ValueError as error:
            raise ValueError(f"Could not read {name} in {values}: {error}") from error
    return found


def _read_bool(text: str) -> bool:
    if text in ("true", "True"):
        return True
    return text not in ("false", "False") and bool(int(text))


def _in_type(name: str, kind: Any, value: Any) -> Any:
    """Converts a value to a hyperparameter's type, where that loses nothing."""
    if type(value) is kind or kind is type(None):
        return value
    text = (str, bytes)
    fits = (
        (isinstance(value, text) or not issubclass(kind, text))
        and isinstance(value, bool) == issubclass(kind, bool)
        and (isinstance(value, numbers.Integral) or not issubclass(kind, numbers.Integral))
        and (isinstance(value, numbers.Number) or not issubclass(kind, numbers.Number))
    )
    if not fits:
        raise ValueError(f"Hyperparameter {name} is of type {kind.__name__} and not {value!r}")
    return kind(value)
