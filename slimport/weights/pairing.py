"""Which value of a file belongs to which variable of a model. Knows no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from slimport.weights.roles import Described, Role

#: What a network cannot take and does not need: it stays in the file, and is counted.
BESIDE = (Role.SHADOW, Role.SLOT, Role.STEP)


@dataclass(frozen=True)
class Wanted:
    """A variable of a model.

    Attributes:
        shape: Its shape.
        dtype: NumPy's name of its dtype.
        trainable: Whether it is trained.
    """

    shape: tuple[int, ...]
    dtype: str
    trainable: bool = True


@dataclass(frozen=True)
class Mismatch:
    """A variable whose value in the file has another shape or dtype.

    Attributes:
        name: The variable of the model.
        stored: What the file has.
        wanted: What the model has.
    """

    name: str
    stored: Described
    wanted: Wanted


@dataclass(frozen=True)
class Pairing:
    """The variables of a file and of a model, put together.

    Attributes:
        matched: Names in the file by the names of the model's variables.
        missing: Variables of the model of which the file has nothing.
        mismatched: Variables of another shape or dtype in the file.
        unused: What the file has for a network, but this model does not take.
        unshadowed: With shadows asked for: trained variables that have none.
        beside: The shadows, slots and steps of the file that no variable takes.
    """

    matched: Mapping[str, str]
    missing: tuple[str, ...]
    mismatched: tuple[Mismatch, ...]
    unused: tuple[Described, ...]
    unshadowed: tuple[str, ...]
    beside: tuple[Described, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every variable has its value, and every weight of the file its variable."""
        return not (self.missing or self.mismatched or self.unused or self.unshadowed)


def pair(
    described: Mapping[str, Described],
    wanted: Mapping[str, Wanted],
    shadows: bool = False,
    scopes: Mapping[str, str] = MappingProxyType({}),
) -> Pairing:
    """Puts together what has the same name, shape and dtype.

    Args:
        described: The variables of a file.
        wanted: Those of a model, by the names that they have in checkpoints.
        shadows: Whether a variable takes its moving average where the file has one, as
            `tf.train.ExponentialMovingAverage.variables_to_restore` said.
        scopes: Scopes in the file by those of the model that they stand for; the longest counts.

    Raises:
        ValueError: If a variable has two averages, and they are asked for.
    """
    shadow_of = _shadows(described) if shadows else {}
    matched: dict[str, str] = {}
    missing, mismatched, unshadowed = [], [], []
    stored_as = {name: _stored_name(name, scopes) for name in wanted}
    for name, variable in wanted.items():
        source = shadow_of.get(stored_as[name], stored_as[name])
        if source not in described:
            missing.append(name)
        elif not _fits(described[source], variable):
            mismatched.append(Mismatch(name, described[source], variable))
        else:
            matched[name] = source
        if shadows and variable.trainable and source == stored_as[name] and source in described:
            unshadowed.append(name)
    taken = {*matched.values()}
    left = {name: d for name, d in described.items() if name not in taken}
    seen = {m.stored.stored.name for m in mismatched} | {*stored_as.values()}
    return Pairing(
        matched,
        tuple(missing),
        tuple(mismatched),
        tuple(d for name, d in left.items() if d.role not in BESIDE and name not in seen),
        tuple(unshadowed),
        tuple(d for d in left.values() if d.role in BESIDE),
    )


def _stored_name(name: str, scopes: Mapping[str, str]) -> str:
    """What a variable of a model is called in a file that has other scopes."""
    open_scopes = [s for s in scopes if not s or name.startswith(f"{s}/")]
    if not open_scopes:
        return name
    scope = max(open_scopes, key=len)
    return f"{scopes[scope]}/{name[len(scope) :].removeprefix('/')}".removeprefix("/")


def _shadows(described: Mapping[str, Described]) -> dict[str, str]:
    """The averages by what they are averages of."""
    found: dict[str, str] = {}
    for name, one in described.items():
        if one.role is Role.SHADOW and one.of and found.setdefault(one.of, name) != name:
            raise ValueError(f"{one.of} has two moving averages, {found[one.of]} and {name}")
    return found


def _fits(described: Described, wanted: Wanted) -> bool:
    """A dtype is as much a part of a value as its digits: nothing is cast."""
    return (described.stored.shape, described.stored.dtype) == (wanted.shape, wanted.dtype)
