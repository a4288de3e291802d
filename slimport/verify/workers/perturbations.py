"""What changes the rounding of a graph and nothing else, and how far each tensor moves by it.

A graph against itself under such changes gives each tensor's noise floor: what any other order of
the same arithmetic must be expected to do to it. Kinds:

- ``float64``: the same graph in double precision (`double_graph`). The distance to it is what the
  run in float32 really rounded, in all operations and in the order of its own sums;
- ``ulp``: every element of the inputs and weights moves to one of its two neighbours, by a coin.
  It tells how much a network amplifies;
- ``grappler``: TensorFlow's graph optimizer is off, which else fuses, folds and reorders. It was
  the largest for none of 14,000 tensors and runs with ``--float64`` only;
- ``float32``: a lower bound that needs no run: one unit in the last place of the largest number;
- ``nothing``: the same run again, where a graph draws random numbers. What moves then by more than
  rounding is drawn anew in each run: it has no floor, and cannot be equal;
- ``stored``: one unit in the last place of the sum of which the tensor is the last part. It is
  added to what noise may do, and not multiplied.

The number of threads is no kind. Kernels share their work by outputs, each of which one thread
sums: two threads change no bit, except where a kernel races (the gradient of crop_and_resize loses
terms now and then), and that is no rounding.

This module runs under CPython 3.7 and imports no TensorFlow.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP006, UP035

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

ULP = "ulp"
GRAPPLER = "grappler"
FLOAT64 = "float64"
FLOAT32 = "float32"
STORED = "stored"
NOTHING = "nothing"

#: What moves by a larger share of its scale in a run with nothing changed is drawn anew ...
DRAWN = 1e-4
#: ... and what has this share of elements that move by so much of themselves: all of them may be
#: small beside others, such as a mask of -1e9.
SHARE, ITSELF = 0.05, 0.01

#: Runs by kind.
Runs = Dict[str, List[Any]]


def session_config(tf: Any, grappler: bool = True) -> Any:
    """Returns the configuration of a session of one thread, as some kernels race.

    Args:
        tf: TensorFlow 1.
        grappler: Whether the graph is optimized before it runs.
    """
    config = tf.ConfigProto(intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = not grappler
    return config


def floors(value: Any, others: Runs, unit: float = 0.0) -> Dict[str, float]:
    """Returns how far an array is from that of the other runs, by kind.

    Args:
        value: The array of the run that is compared.
        others: The same array of other runs, by kind; a kind in which it has another shape, or
            that was not run, is left out.
        unit: What storing the sum that gave the array rounds. It is no noise of the array and
            does not count here.
    """
    found: Dict[str, float] = {}
    if is_random(value, others):
        return found
    for kind, arrays in others.items():
        moved = largest_change(value, arrays)
        if moved is not None:
            found[kind] = max(0.0, moved - unit)
    return found


def is_random(value: Any, others: Runs) -> bool:
    """Tells whether an array is another one when it is computed again from the same numbers.

    Sums whose terms come in the order in which threads end are others by rounding: gradients of
    the SSD by up to 1e-5 of their scale.
    """
    again = [np.asarray(other) for other in others.get(NOTHING, [])]
    if any(other.shape != np.shape(value) for other in again):
        return True
    return any(_is_drawn(np.asarray(value), other) for other in again)


def _is_drawn(value: Any, other: Any) -> bool:
    """Whether an array is further from another run's than rounding, in the whole or in a part."""
    change = largest_change(value, [other])
    if not change:
        return False
    finite = np.isfinite(value) & np.isfinite(other)
    sizes = np.abs(value[finite])
    with np.errstate(invalid="ignore"):
        moved = np.abs(value[finite] - other[finite]) > ITSELF * sizes
    return bool(change > DRAWN * sizes.max() or moved.mean() > SHARE)


def unit_of(summed: float) -> float:
    """One unit in the last place of a float32 number; 0 for zero and for what is not finite."""
    with np.errstate(over="ignore"):
        size = np.float32(summed)
    return float(np.spacing(size)) if summed and np.isfinite(size) else 0.0


def largest_change(value: Any, others: List[Any]) -> float | None:
    """Largest change of an array over other runs, over its finite elements."""
    value = np.asarray(value)
    if not others or value.dtype.kind not in "fc":
        return None
    largest = 0.0
    for other in others:
        if np.shape(other) != value.shape:
            return None
        with np.errstate(invalid="ignore"):
            wide = "complex128" if value.dtype.kind == "c" else "float64"
            change = np.abs(value.astype(wide) - np.asarray(other, wide))
        finite = change[np.isfinite(change)]
        largest = max(largest, float(finite.max()) if finite.size else 0.0)
    return largest
