"""What belongs to what: names, shapes, dtypes, averages and scopes, without TensorFlow."""

from __future__ import annotations

import pytest

from slimport.weights.pairing import Pairing, Wanted, pair
from slimport.weights.roles import describe
from tests.weights.tools import stored


def paired(
    scopes: dict[str, str] | None = None, shadows: bool = False, **shapes: object
) -> Pairing:
    """Pairs a file of these shapes with `net/w` and `network/w`, two numbers each."""
    wanted = {name: Wanted((2,), "float32") for name in ("net/w", "network/w")}
    return pair(describe(stored(**shapes)), wanted, shadows, scopes or {})


def test_names_shapes_and_dtypes() -> None:
    found = paired(net__w=[2], network__w="float32", more__w=[3])
    assert found.matched == {"net/w": "net/w"}
    assert [m.name for m in found.mismatched] == ["network/w"]
    assert [d.stored.name for d in found.unused] == ["more/w"]
    assert not found.missing and not found.is_complete
    assert paired(net__w=[2], network__w=[2]).is_complete
    assert paired(net__w=[2]).missing == ("network/w",)


def test_a_scope_is_whole_words() -> None:
    given = {"old__w": [2], "network__w": [2]}
    assert paired({"net": "old"}, **given).matched == {"net/w": "old/w", "network/w": "network/w"}
    assert paired({"": "old"}, old__net__w=[2], old__network__w=[2]).is_complete
    assert paired({"net": ""}, w=[2], network__w=[2]).is_complete


def test_one_scope_for_two() -> None:
    found = paired({"net": "old", "network": "old"}, old__w=[2])
    assert found.is_complete and found.matched == {"net/w": "old/w", "network/w": "old/w"}


def test_what_a_scope_hides_is_unused() -> None:
    found = paired({"net": "old"}, old__w=[2], net__w=[2], network__w=[2])
    assert [d.stored.name for d in found.unused] == ["net/w"]


def test_two_averages_of_one_variable() -> None:
    average = "ExponentialMovingAverage"
    given = {f"net__w__{average}": [2], f"train__net__w__{average}": [2]}
    shapes = {"net__w": [2], "network__w": [2], **given}
    assert paired(**shapes).is_complete
    with pytest.raises(ValueError, match="net/w has two moving averages"):
        paired(shadows=True, **shapes)
