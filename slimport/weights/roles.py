"""What each variable of an old file was for. Knows no TensorFlow.

TensorFlow 1 named a slot after the variable that it belongs to and the optimizer, which a program
may name as it likes: `X/Momentum`, `X/my_opt_1`, and `train/X/Adam` where the scope `train` was
open. So a slot is told by its owner being in the file too, with the same shape, and by the other
weights of its part of the network having one as well; names of optimizers decide where that is not
enough. In doubt a variable is a weight: a weight that no model takes is reported, a slot is not.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from slimport.weights.stored import Stored


class Role(enum.Enum):
    """What a variable is for, in the words that users read."""

    WEIGHT = "weight"
    MOVING_STATISTIC = "moving statistic"
    SHADOW = "EMA shadow"
    SLOT = "optimizer slot"
    STEP = "step"
    OTHER = "other"


@dataclass(frozen=True)
class Described:
    """A variable, its role, and the variable that a slot, shadow or statistic belongs to.

    `of` is the name as the file spells it: the file may hold averages alone, without that variable.
    """

    stored: Stored
    role: Role
    of: str | None = None


#: What layers call their variables: never a slot of the variable whose name stands before it.
LAYER_NAMES = re.compile(
    r"(depthwise_|pointwise_)?(weights?|kernel)|bias(es)?|beta|gamma|alpha|scale|offset|embeddings?"
    r"|recurrent_kernel|[wb]\d*|min|max"
)

#: Names that tf.train's and tf.contrib.opt's optimizers give to their slots by themselves.
OPTIMIZERS = re.compile(
    r"(Lazy|Proximal)?(Ada(delta|grad|gradDA|m|Max|mW|factor)|AMSGrad|Nadam)(Optimizer)?"
    r"|Momentum(W|Optimizer)?|RMSProp(Optimizer)?|Ftrl|Shampoo|LARS(Optimizer)?"
    r"|(Add|Power)Sign(Optimizer)?|adam_[mv]"
)

#: Names of averages: the default of tf.train.ExponentialMovingAverage, and what programs choose.
#: A whole name only: with --ema such a value takes the place of a weight.
AVERAGES = re.compile(
    r"(exponential)?_?(moving|running)_?(average|avg)s?|exponential_?(average|avg)|ema|avg|averaged?|averages"
    r"|shadow|ema_shadow|shadow_ema",
    re.IGNORECASE,
)

STATISTICS = re.compile(
    r"(moving|running|pop|population)_(mean|var|variance|std|stddev)"
    r"|renorm_(mean|stddev)(_weight)?"
)

STEPS = re.compile(r"(.*_)?step|iter|iterations|steps")
POWERS = re.compile(r"beta[12]_power")

#: Numbers that Keras' optimizers keep as variables beside their slots.
SETTINGS = re.compile(r"learning_rate|decay|beta_[12]|momentum|rho|epsilon|initial_accumulator.*")

FLOATS = ("float", "bfloat", "complex")

#: Lone numbers that programs keep and no layer has.
NUMBERS = re.compile(r"learning_rate|lr|(current_)?loss_scale|keep_prob|temperature")


def describe(variables: Mapping[str, Stored]) -> dict[str, Described]:
    """Tells the role of each variable of a file."""
    return _Roles(variables).describe()


@dataclass(frozen=True)
class _Child:
    """A variable whose name is another's and more: `scope`/`owner`/`suffix`."""

    scope: str
    owner: str
    suffix: str

    @property
    def family(self) -> str:
        """The suffix that all slots of one optimizer share."""
        return _uncounted(self.suffix)

    @property
    def is_layer(self) -> bool:
        """Whether the suffix is what a layer calls a variable of its own."""
        last = _uncounted(self.suffix.rpartition("/")[2])
        return bool(LAYER_NAMES.fullmatch(last) or STATISTICS.fullmatch(last))

    @property
    def is_known(self) -> bool:
        """Whether the suffix is a name of an optimizer or an average."""
        return bool(OPTIMIZERS.fullmatch(self.family) or AVERAGES.fullmatch(self.family))


class _Roles:
    def __init__(self, variables: Mapping[str, Stored]) -> None:
        self.variables = variables
        self.children = {n: c for n in variables if (c := self._closest(n)) is not None}
        self.same = [
            c for n, c in self.children.items() if variables[n].shape == variables[c.owner].shape
        ]
        self.owners: dict[str, set[str]] = {}
        for child in self.same:
            self.owners.setdefault(child.family, set()).add(child.owner)
        self.debiased = {c.owner for c in self.children.values() if self._is_debiasing(c)}
        self.averages = {c.family for c in self.same if self._averages_more_than_weights(c)}
        self.trained = {c.owner for c in self.same if not (c.is_layer or self._is_average(c))}
        self.families = {family for family in self.owners if self._is_family_of_slots(family)}
        self.slot_scopes = {c.scope for c in self.same if c.scope and c.family in self.families}

    def describe(self) -> dict[str, Described]:
        return {
            name: Described(stored, *self._role(name, stored))
            for name, stored in self.variables.items()
        }

    def _role(self, name: str, stored: Stored) -> tuple[Role, str | None]:
        last = _uncounted(name.rpartition("/")[2])
        child = self.children.get(name)
        if child is not None and self._is_debiasing(child):
            return self._debiasing(child)
        if _is_step(last, stored):
            return Role.STEP, None
        if stored.shape == () and POWERS.fullmatch(last):
            return Role.SLOT, None
        if self._is_statistic(name, last):
            return Role.MOVING_STATISTIC, None
        if child is not None and self._is_owned(stored, child):
            return (Role.SHADOW if self._is_average(child) else Role.SLOT), child.owner
        return self._alone(name, last, stored)

    def _alone(self, name: str, last: str, stored: Stored) -> tuple[Role, str | None]:
        """Tells the role of a variable that no other one owns."""
        scope = name.rpartition("/")[0]
        number = stored.shape == ()
        if scope and AVERAGES.fullmatch(last):
            # Moments of a batch that were averaged by hand are what a network infers with.
            moments = "moments" in (_uncounted(part) for part in scope.split("/"))
            own = last.startswith(("moving", "running"))
            return (Role.MOVING_STATISTIC, None) if moments or own else (Role.SHADOW, scope)
        if scope and OPTIMIZERS.fullmatch(last):
            return Role.SLOT, scope
        if number and scope in self.slot_scopes and SETTINGS.fullmatch(name.rpartition("/")[2]):
            return Role.SLOT, None
        if not stored.dtype.startswith(FLOATS):
            return Role.OTHER, None
        if number and NUMBERS.fullmatch(last):
            return Role.OTHER, None
        return Role.WEIGHT, None

    def _is_owned(self, stored: Stored, child: _Child) -> bool:
        """Tells slots and shadows from a layer's variables that only begin like another's name."""
        if child.is_layer:
            return False
        if stored.shape != self.variables[child.owner].shape:
            # Shampoo and Adafactor keep smaller arrays: their slots of the owner's shape tell.
            return child.is_known or child.family in self.families
        return child.is_known or (child.family in self.families and stored.name not in self.trained)

    def _is_family_of_slots(self, family: str) -> bool:
        """An optimizer has a slot for most weights of the part of the network that it trains."""
        if family in self.averages or OPTIMIZERS.fullmatch(family) or AVERAGES.fullmatch(family):
            return True
        owners = self.owners[family]
        within = _common_scope(owners)
        weights = {n for n in self.variables if n.startswith(within) and self._may_be_trained(n)}
        return len(owners) >= min(2, len(weights)) and 2 * len(owners & weights) >= len(weights)

    def _may_be_trained(self, name: str) -> bool:
        stored, child = self.variables[name], self.children.get(name)
        last = _uncounted(name.rpartition("/")[2])
        return (
            (child is None or child.is_layer)
            and stored.dtype.startswith(FLOATS)
            and not (POWERS.fullmatch(last) or self._is_statistic(name, last))
        )

    def _is_average(self, child: _Child) -> bool:
        return bool(AVERAGES.fullmatch(child.family)) or child.family in self.averages

    def _averages_more_than_weights(self, child: _Child) -> bool:
        """An optimizer has slots for weights alone: what statistics have, too, is an average."""
        last = _uncounted(child.owner.rpartition("/")[2])
        return not child.is_layer and bool(STATISTICS.fullmatch(last))

    def _is_debiasing(self, child: _Child) -> bool:
        """Tells what `zero_debias` adds to an average: `biased` and its `local_step`."""
        if child.family not in ("biased", "local_step"):
            return False
        counter = child.suffix[len(child.family) :]
        path = "/".join(filter(None, (child.scope, child.owner)))
        return all(f"{path}/{part}{counter}" in self.variables for part in ("biased", "local_step"))

    def _debiasing(self, child: _Child) -> tuple[Role, str | None]:
        role, _ = self._role(child.owner, self.variables[child.owner])
        # A shadow is what takes the place of its variable: these do not.
        return (role, None) if role is Role.SHADOW else (Role.MOVING_STATISTIC, child.owner)

    def _is_statistic(self, name: str, last: str) -> bool:
        scope, _, own = name.rpartition("/")
        if last == "value_x_weight" or f"{scope}/value_x_weight" in self.variables:
            return True  # tf.contrib's weighted_moving_average
        if own in ("min", "max") and scope.endswith("_quant"):
            return True
        return bool(STATISTICS.fullmatch(last)) or (
            name in self.debiased and not AVERAGES.fullmatch(last)
        )

    def _closest(self, name: str) -> _Child | None:
        """Returns the longest other name within a name: the owner, if it is owned."""
        found = (c for c in _within(name) if c.owner in self.variables)
        return next(found, None)


def _within(name: str) -> Iterator[_Child]:
    """Yields what may stand within a name, longest first, then the one nearest its end.

    With a scope before it, one part only may follow.
    """
    parts = name.split("/")
    for length in range(len(parts) - 1, 0, -1):
        for start in range(len(parts) - length - 1, -1, -1):
            end = start + length
            if start == 0 or end == len(parts) - 1:
                yield _Child(*("/".join(p) for p in (parts[:start], parts[start:end], parts[end:])))


def _uncounted(name: str) -> str:
    """Returns a name without the number that makes it unique."""
    return re.sub(r"_\d+$", "", name)


def _common_scope(names: set[str]) -> str:
    """Returns the scope in which all the names are, with a slash; empty where there is none."""
    columns = zip(*(name.split("/")[:-1] for name in names), strict=False)
    shared = takewhile(lambda parts: len(set(parts)) == 1, columns)
    return "".join(f"{parts[0]}/" for parts in shared)


def _is_step(last: str, stored: Stored) -> bool:
    if stored.shape != ():
        return False
    return last == "global_step" or ("int" in stored.dtype and bool(STEPS.fullmatch(last)))
