"""Roles of variables, against what TensorFlow 1.15.5 says of those that it made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slimport.weights.roles import Role, describe
from slimport.weights.stored import Stored
from tests.weights.tools import run_tensorflow_1, stored

DATA = Path(__file__).parent / "data" / "roles_of_tf1.txt"
SCRIPT = Path(__file__).parent / "roles_of_tf1.py"


def cases():
    """The cases of the data file: name, shape, dtype, role and owner of each variable."""
    found: dict[str, list[list[str]]] = {}
    for line in DATA.read_text().splitlines():
        if line.startswith("  "):
            found[title].append(line[2:].split("|"))  # noqa: F821
        else:
            title = line
            found[title] = []
    return found


@pytest.mark.parametrize("title", sorted(cases()))
def test_roles_are_those_of_tensorflow_1(title):
    """Statistics belong to nothing that TensorFlow could name."""
    rows = cases()[title]
    variables = {
        name: Stored(name, tuple(int(n) for n in shape.split("x") if n), dtype)
        for name, shape, dtype, _, _ in rows
    }
    expected = {name: (role, of) for name, _, _, role, of in rows}
    found = {
        name: (d.role.value, (d.of or "") if d.role is not Role.MOVING_STATISTIC else "")
        for name, d in describe(variables).items()
    }
    assert found == expected


@pytest.mark.slow
def test_the_data_are_what_tensorflow_1_says():
    assert run_tensorflow_1(SCRIPT) == DATA.read_text()


def roles(**shapes):
    """Roles and owners by name."""
    return {name: (d.role, d.of) for name, d in describe(stored(**shapes)).items()}


def weights(**shapes):
    """The names of those that are told to be weights."""
    return {name for name, (role, _) in roles(**shapes).items() if role is Role.WEIGHT}


def test_variables_below_others_are_weights():
    """A network may call a variable as another's scope, even of the same shape."""
    given = {"a": [3], "a__bias": [3], "a__scale": [3], "b": [3], "b__biases_1": [3]}
    assert weights(**given) == {"a", "a/bias", "a/scale", "b", "b/biases_1"}
    # One of three such weights has a variable below it: no optimizer works so.
    given = {"n__query": [8, 8], "n__query__proj": [8, 8], "n__key": [8, 8], "n__value": [8, 8]}
    assert weights(**given) == {"n/query", "n/query/proj", "n/key", "n/value"}
    some = {f"n__{name}": [8, 8] for name in ("query", "key", "value", "out", "first", "second")}
    given = {**some, "n__query__proj": [8, 8], "n__key__proj": [8, 8]}
    assert weights(**given) == {name.replace("__", "/") for name in given}
    # Another shape is no slot.
    assert weights(a=[3, 3], a__part=[3], b=[4], b__part=[2]) == {"a", "a/part", "b", "b/part"}


def test_what_has_slots_is_a_weight():
    given = {"n__q": [8], "n__q__proj": [8], "n__k": [8], "n__k__proj": [8]}
    slots = {f"{name}__Adam": shape for name, shape in given.items()}
    assert weights(**given, **slots) == {"n/q", "n/q/proj", "n/k", "n/k/proj"}


def test_slots_of_smaller_shapes():
    """Shampoo and Adafactor under a name of one's own: slots of whole shape tell the name."""
    given = {"a__w": [3, 4], "a__b": [4], "a__w__my": [3, 4], "a__w__my_1": [3, 3], "a__b__my": [4]}
    assert weights(**given) == {"a/w", "a/b"}
    assert roles(**given)["a/w/my_1"] == (Role.SLOT, "a/w")


def test_what_statistics_have_is_an_average():
    found = roles(a__w=[3], a__b=[3], a__moving_mean=[3], a__moving_mean__polyak=[3])
    assert found["a/moving_mean/polyak"] == (Role.SHADOW, "a/moving_mean")


def test_only_an_average_takes_the_place_of_a_weight():
    """With --ema a shadow does: names of optimizers that only sound like one are slots."""
    for name in ("averaging_sgd", "polyak", "avg_opt"):
        found = roles(a__weights=[3], a__biases=[2], **{f"a__weights__{name}": [3]}, **{
            f"a__biases__{name}": [2]
        })  # fmt: skip
        assert found[f"a/weights/{name}"] == (Role.SLOT, "a/weights")
    for name in ("ema", "EMA", "shadow", "moving_average", "MovingAverage", "ema_1"):
        found = roles(a__weights=[3], **{f"a__weights__{name}": [3]})
        assert found[f"a/weights/{name}"] == (Role.SHADOW, "a/weights")


def test_slots_and_shadows_without_their_variables():
    """`Saver(average.variables_to_restore())` saves averages alone."""
    found = roles(a__w__ExponentialMovingAverage=[3], a__w__Adam_1=[3], a__w__RMSProp=[3])
    assert found == {
        "a/w/ExponentialMovingAverage": (Role.SHADOW, "a/w"),
        "a/w/Adam_1": (Role.SLOT, "a/w"),
        "a/w/RMSProp": (Role.SLOT, "a/w"),
    }
    assert roles(bn__moving_average=[3])["bn/moving_average"] == (Role.MOVING_STATISTIC, None)


def test_the_nearest_owner():
    given = {"w": [3], "n__w": [3], "n__w__Adam": [3], "t__w__Adam": [3], "n__n__w__Adam": [3]}
    found = roles(**given)
    assert found["n/w/Adam"] == (Role.SLOT, "n/w")
    assert found["t/w/Adam"] == (Role.SLOT, "w")
    assert found["n/n/w/Adam"] == (Role.SLOT, "n/w")


def test_numbers():
    given = {"global_step": "int64", "t__global_step": "float32", "t__iter": "int32"}
    given |= {"t__local_step": "float32", "Variable": "int32", "t__learning_rate": "float32"}
    given |= {"t__beta1_power_1": "float32", "table__keys": "string", "t__temp": "float32"}
    found = {name: role for name, (role, _) in roles(**given).items()}
    assert found == {
        "global_step": Role.STEP,
        "t/global_step": Role.STEP,
        "t/iter": Role.STEP,
        "t/local_step": Role.WEIGHT,
        "Variable": Role.OTHER,
        "t/learning_rate": Role.OTHER,
        "t/beta1_power_1": Role.SLOT,
        "table/keys": Role.OTHER,
        "t/temp": Role.WEIGHT,
    }


def test_tensorflow_is_not_needed():
    """`--inspect` of a checkpoint starts at once."""
    code = (
        "import sys, slimport.weights.roles, slimport.weights.inventory, slimport.weights.sources;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
