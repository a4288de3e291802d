"""Initial values of Keras variables: their initializers are kept, and called with other seeds.

An initializer of Keras gives the same numbers whenever it is called, those of its seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slimport.verify.workers import initial, values

_KEPT = "_slimport_initializer"


def install(keras: Any) -> None:
    """Keeps the initializer of every variable that a layer adds from now on."""
    add_weight = keras.layers.Layer.add_weight

    def kept(self: Any, *args: Any, initializer: Any = None, **more: Any) -> Any:
        variable = add_weight(self, *args, initializer=initializer, **more)
        used = initializer
        if used is None:
            used = "glorot_uniform" if "float" in str(variable.dtype) else "zeros"
        if isinstance(used, str):
            used = keras.initializers.get(used)
        setattr(variable, _KEPT, used)
        setattr(variable.value, _KEPT, used)  # what a TensorFlow 1 graph lists
        return variable

    keras.layers.Layer.add_weight = kept


def of_model(keras: Any, variables: Mapping[str, Any]) -> initial.Draw:
    """Draws from the initializers of variables, by legacy name."""

    def draw(counts: dict[str, int]) -> dict[str, list[Any]]:
        found = {}
        for name, count in counts.items():
            initializer = getattr(variables[name], _KEPT, None)
            if initializer is not None:
                found[name] = _draws(keras, name, variables[name], initializer, count)
        return found

    return draw


def of_graph(keras: Any) -> Any:
    """Draws from the initializers of a TensorFlow 1 graph's variables; see `initial.of_graph`."""

    def of_session(tf: Any, variables: list[Any], session: Any) -> initial.Draw:
        of_layers = {v.op.name: v for v in variables if hasattr(v, _KEPT)}
        others = [v for v in variables if not hasattr(v, _KEPT)]
        draw_others = initial.of_graph(tf, others, session)
        draw_layers = of_model(keras, of_layers)

        def draw(counts: dict[str, int]) -> dict[str, list[Any]]:
            own = {name: count for name, count in counts.items() if name in of_layers}
            found: dict[str, list[Any]] = session.run(draw_layers(own))
            rest = {name: count for name, count in counts.items() if name not in of_layers}
            return {**found, **draw_others(rest)}

        return draw

    return of_session


def _draws(keras: Any, name: str, variable: Any, initializer: Any, count: int) -> list[Any]:
    kind = keras.src.initializers.random_initializers.RandomInitializer
    random = values.generator("initializer", name, count)
    found = []
    for _ in range(count):
        if isinstance(initializer, kind):
            config = {**initializer.get_config(), "seed": int(random.randint(2**31 - 1))}
            initializer = type(initializer).from_config(config)
        shape = tuple(int(size) for size in variable.shape)
        found.append(initializer(shape, dtype=variable.dtype))
    return found
