"""`tf.contrib.training.HParams` for interpreters whose TensorFlow no longer has it.

This module runs under CPython 3.7 with nothing but the standard library.
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import json
import re
from typing import Any

_ASSIGNMENT = re.compile(
    r"\s*(?P<name>[A-Za-z][\w.]*)(?:\[(?P<index>\d+)\])?\s*=\s*"
    r"(?:\[(?P<items>[^\]]*)\]|(?P<value>[^,\[]*))\s*(?:,|$)"
)


class HParams:
    """A set of hyperparameters, read as attributes, whose types stay as first given.

    Args:
        hparam_def: Accepted for the signature's sake; a protocol buffer is not supported.
        model_structure: Kept for whoever asks for it.
        **kwargs: Names and values. A list must hold values of one type and may not be empty.
    """

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def is not None:
            raise NotImplementedError("HParams(hparam_def=...) needs TensorFlow 1")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a hyperparameter; the name must be new."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Sets an existing hyperparameter, converted to its type."""
        kind, is_list = self._hparam_types[name]
        if isinstance(value, list) != is_list:
            raise ValueError(f"{name} is {'' if is_list else 'not '}a list")
        converted = [_cast(kind, item) for item in value] if is_list else _cast(kind, value)
        setattr(self, name, converted)

    def del_hparam(self, name: str) -> None:
        """Removes a hyperparameter if it exists."""
        if name in self._hparam_types:
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Overrides values from text such as ``"depth=3,sizes=[1,2],name=a"``."""
        place = 0
        while place < len(values):
            match = _ASSIGNMENT.match(values, place)
            if match is None:
                raise ValueError(f"Malformed hyperparameter value: {values[place:]}")
            place = match.end()
            self._assign(match)
        return self

    def _assign(self, match: Any) -> None:
        name, index = match.group("name"), match.group("index")
        if name not in self._hparam_types:
            raise ValueError(f"Unknown hyperparameter type for {name}")
        if match.group("items") is not None:
            self.set_hparam(name, [item.strip() for item in match.group("items").split(",")])
        elif index is not None:
            items = list(getattr(self, name))
            items[int(index)] = match.group("value").strip()
            self.set_hparam(name, items)
        else:
            self.set_hparam(name, match.group("value").strip())

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Overrides existing hyperparameters by name."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json: str) -> HParams:
        """Overrides existing hyperparameters from a JSON object."""
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """Returns all hyperparameters by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def to_json(self, **kwargs: Any) -> str:
        """Returns the hyperparameters as a JSON object; callables are left out."""
        kept = {name: value for name, value in self.values().items() if not callable(value)}
        return json.dumps(kept, **kwargs)

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a hyperparameter, or the default where there is none of that name."""
        return getattr(self, key) if key in self._hparam_types else default

    def get_model_structure(self) -> Any:
        """Returns what was given as `model_structure`."""
        return self._model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in sorted(self.values().items()))
        return f"HParams({pairs})"


def _cast(kind: type, value: Any) -> Any:
    """Converts a value to the type of its hyperparameter, text included."""
    if kind is type(None) or not isinstance(value, (bool, int, float, str)):
        return value
    if kind is bool:
        if isinstance(value, str):
            return {"true": True, "1": True, "false": False, "0": False}[value.lower()]
        return bool(value)
    if kind is int and isinstance(value, float) and value != int(value):
        raise ValueError(f"{value!r} is no integer")
    return kind(value)
