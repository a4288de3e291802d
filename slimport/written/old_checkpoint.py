"""What a TF 1 checkpoint has beside the weights: slots, powers, the step, averages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from slimport.written.checkpoint_shapes import checkpoint_reader
from slimport.written.legacy_slots import (
    OPTIMIZER_SLOTS,
    LegacySlot,
    innermost_optimizer,
    legacy_betas,
    legacy_optimizer_name,
    legacy_power,
)

SHADOW = "ExponentialMovingAverage"
# What other optimizers of TensorFlow 1 called their slots by themselves, where they had several.
_OTHERS = frozenset({"AdagradDA", "AdaMax", "GGT", "Shampoo", "ShampooW"})
_ALONE = (
    "To begin with a new state, restore the weights alone: "
    "ModelSaver(model, var_list=legacy_variables(model))."
)


class OldCheckpoint:
    """What a TF 1 checkpoint has beside a model's variables.

    Args:
        path: The checkpoint.
        model: The model.
        named: `legacy_variables` of it.
    """

    def __init__(self, path: str, model: Any, named: dict[str, Any]) -> None:
        self._path, self._model, self._named = path, model, named
        self._reader = checkpoint_reader(path)
        self.shapes: dict[str, Any] = self._reader.get_variable_to_shape_map()

    def value(self, name: str) -> Any:
        """The value of a name."""
        return self._reader.get_tensor(name)

    def dtype_of(self, name: str) -> Any:
        """The dtype of a name, which may stand below a scope."""
        return self._reader.get_variable_to_dtype_map()[self.name_of(name)].as_numpy_dtype

    def check(self, name: str, variable: Any) -> None:
        """Raises a ValueError if a variable has another shape or dtype."""
        here, there = tuple(variable.shape), tuple(self.shapes[name])
        if there != here:
            raise ValueError(f"{name} has the shape {there} in {self._path}, not {here}.")
        dtypes = self._reader.get_variable_to_dtype_map()
        if tf.as_dtype(variable.dtype) != dtypes[name]:
            dtype = dtypes[name].name
            raise ValueError(f"{name} is {dtype} in {self._path}, not {variable.dtype}.")

    def check_squares(self, name: str, value: Any) -> None:
        """Raises a ValueError if what the model's optimizer keeps squares in has no squares."""
        if np.any(value < 0):
            kind = type(innermost_optimizer(self._model.optimizer)).__name__
            raise ValueError(
                f"{name} in {self._path} has numbers below zero, where {kind} keeps squares: it is"
                f" of another optimizer. {_ALONE}"
            )

    def name_of(self, name: str) -> str:
        """The full name of what is there once, perhaps below a scope."""
        found = [name] if name in self.shapes else self._numbered(name)
        if len(found) != 1:
            raise ValueError(f"{self._path} has {len(found)} variables {name}, not one.")
        return found[0]

    def _numbered(self, name: str) -> list[str]:
        """All names that TF 1 could have made of one: below a scope, with a number behind."""
        like = re.compile(rf"(.*/)?{name}(_\d+)?")
        return [n for n in self.shapes if n not in self._named and like.fullmatch(n)]

    def names_of_slots(self, slots: dict[str, LegacySlot]) -> dict[str, str]:
        """The names of the slots in the checkpoint, by those that they have without it.

        TF 1 called all slots of an optimizer by its name and a number, below the variable, and all
        of this below the scope that was open when they were made.
        """
        counts: dict[str, int] = {}
        for slot in slots.values():
            counts[slot.owner] = max(counts.get(slot.owner, 0), slot.place + 1)
        groups = self._groups(counts)
        if not groups:
            return {}
        scope, base = self._group_of(list(groups), max(counts.values()))
        there = groups[scope, base]
        lacking = [owner for owner in counts if not there.get(owner)]
        untrained = self._untrained(lacking) if lacking else set()
        for owner, count in counts.items():
            if there.get(owner, 0) != count and owner not in untrained:
                raise ValueError(
                    f"{self._path} has {there.get(owner, 0)} slots {scope}{owner}/{base}, where the"
                    f" model's optimizer has {count}. If TensorFlow 1 did not train the variable,"
                    f" set its `trainable` to False. {_ALONE}"
                )
        return {n: s.name(base, scope) for n, s in slots.items() if s.owner not in untrained}

    def names_of_averages(self) -> dict[str, str]:
        """The names of moving averages in the checkpoint, by the variables they belong to."""
        found: dict[str, str] = {}
        for owner, scope, last in self._children(self._named):
            if last == SHADOW and found.setdefault(owner, name := f"{scope}{owner}/{last}") != name:
                raise ValueError(f"{self._path} has several moving averages of {owner}.")
        return found

    def _groups(self, counts: dict[str, int]) -> dict[tuple[str, str], dict[str, int]]:
        """How many slots each variable has, by the scope and the optimizer's name."""
        lasts: dict[tuple[str, str], set[str]] = {}
        for owner, scope, last in self._children(counts):
            if last != SHADOW:
                lasts.setdefault((scope, owner), set()).add(last)
        groups: dict[tuple[str, str], dict[str, int]] = {}
        for (scope, owner), names in lasts.items():
            for base, count in _numbers(names):
                groups.setdefault((scope, base), {})[owner] = count
        return groups

    def _children(self, owners: Any) -> Iterator[tuple[str, str, str]]:
        """Yields what stands right below a variable: its name, the scope above, the last part."""
        for name in self.shapes.keys() - self._named.keys():
            parent, _, last = name.rpartition("/")
            parts = parent.split("/")
            tails = ("/".join(parts[start:]) for start in range(len(parts)))
            owner = next((tail for tail in tails if tail in owners), None)
            if owner is not None and (owner == parent or parent not in self.shapes):
                yield owner, parent.removesuffix(owner), last

    def _group_of(self, groups: list[tuple[str, str]], count: int) -> tuple[str, str]:
        """The scope and the name of the slots of the model's optimizer.

        A name that is neither the optimizer's nor TF 1's own counts where it can be no other's:
        where powers tell Adam's, or there are three for each variable.
        """
        optimizer = innermost_optimizer(self._model.optimizer)
        default = legacy_optimizer_name(optimizer)
        names = (optimizer.name, default)
        known = [[g for g in groups if g[1] == name] for name in names]
        group, *more = next((g for g in known if g), groups)
        others = {name for name, _ in OPTIMIZER_SLOTS.values()} | _OTHERS
        is_told = bool(legacy_betas(optimizer)) or count > 2
        if more or not (group[1] in names or (is_told and group[1] not in others)):
            names_there = ", ".join(sorted({scope + base for scope, base in groups}))
            raise ValueError(
                f"{self._path} has {names_there} of variables: which are the slots of the model's"
                f" {default} cannot be told. An optimizer of another name than TensorFlow 1's"
                f" own is found by it: {type(optimizer).__name__}(name=...). {_ALONE}"
            )
        return group

    def _untrained(self, owners: list[str]) -> set[str]:
        """Those variables that a step of the model leaves alone, as TF 1's did without a slot."""
        if not hasattr(self._model, "trained_variables"):
            return set()
        optimizer = innermost_optimizer(self._model.optimizer)
        trained = {optimizer._get_variable_index(v) for v in self._model.trained_variables()}
        indices = {owner: optimizer._get_variable_index(self._named[owner]) for owner in owners}
        return {owner for owner, index in indices.items() if index not in trained}

    def has(self, name: str) -> bool:
        """Whether a name is there, perhaps below a scope."""
        return name in self.shapes or bool(self._numbered(name))

    def steps(self, optimizer: Any, with_slots: bool | None) -> int | None:
        """The steps that were taken, for an optimizer that computes Adam's powers from them.

        Args:
            optimizer: The optimizer.
            with_slots: Whether its slots are taken: Adam's belong to powers. `None` for none here.

        Raises:
            ValueError: If they are not those that the powers count.
        """
        betas = legacy_betas(optimizer)
        powers = {name: self._numbered(name) for name in betas}
        if with_slots and not all(powers.values()):
            raise ValueError(f"{self._path} has slots, but not Adam's {' and '.join(betas)}.")
        if self.has("global_step"):
            steps = int(self.value(self.name_of("global_step")))
        elif powers.get("beta2_power"):
            steps = _steps_told(self.value(powers["beta2_power"][0]), betas["beta2_power"])
        else:
            return None
        if betas and with_slots is False and steps:
            raise ValueError(
                f"{self._path} has step {steps}, but no slots: Keras' Adam computes its powers from"
                f" the step, and would take other steps than one that begins anew. {_ALONE}"
            )
        for each, beta in ((each, betas[name]) for name in betas for each in powers[name]):
            power = float(self.value(each))
            if not _is_power(power, beta, steps):
                raise ValueError(
                    f"{each} in {self._path} is {power:.9g}, which {beta:g} is raised to after"
                    f" {_steps_told(power, beta)} steps, but global_step is {steps}. Keras' Adam"
                    f" computes it from the step, and would take other steps. {_ALONE}"
                )
        return steps


def _numbers(names: set[str]) -> Iterator[tuple[str, int]]:
    """Yields what numbers were put behind, and how many names there are of it."""
    for name in names:
        stem = re.sub(r"_\d+$", "", name)
        if stem == name or stem not in names:
            count = 1
            while f"{name}_{count}" in names:
                count += 1
            yield name, count


def _is_power(power: float, beta: float, steps: int) -> bool:
    """Whether Adam computes the same with a power as with that of a step.

    It subtracts powers from one: below half a unit in the last place of it, none counts.
    """
    expected = float(legacy_power(beta, steps))
    return abs(power - expected) <= max((1 - beta) / 2 * expected, 2.0**-25)


def _steps_told(power: float, beta: float) -> int:
    """The steps after which a beta has a power; of one that was flushed to 0, the first such."""
    power = max(float(power), float(np.finfo(np.float32).tiny))
    return round(math.log(power) / math.log(beta)) - 1 if 0 < beta < 1 else 0
