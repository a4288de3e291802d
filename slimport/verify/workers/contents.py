"""What random inputs look like: even noise, a normal distribution, pictures like photographs.

A picture here is what photographs are on average: the amplitude of its frequencies falls as one
over the frequency (each octave is as strong as the next), channels go together, objects cover each
other with sharp edges, and the darkest and brightest parts are cut off. Equal neighbours and large
even areas meet code in other ways than noise does: ties of pooling, relus that are off in whole
regions, resizing at edges.

Only sums, products, comparisons and sorting of float64 make a value, in a fixed order, so that each
NumPy gives the same bits. This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: UP035

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

Array = Any

#: Strength of an octave, relative to the next coarser one: photographs fall a little faster
#: than one over the frequency.
_FALL = 0.85
#: Of white noise between neighbours, which a camera adds.
_GRAIN = 0.02
#: Discs that cover what is behind them.
_OBJECTS = 6
#: Share of the values that is cut off at either end.
_SATURATED = 0.03


def draw(content: str, random: np.random.RandomState, shape: Sequence[int]) -> Array:
    """Draws float64 values around the range from 0 to 1.

    Args:
        content: ``uniform`` in [0, 1); ``normal`` with mean 1/2 and deviation 1/4, which leaves
            the range; ``image`` within it, its last three axes height, width and channels.
        random: Where they come from.
        shape: Full shape.
    """
    if content == "normal":
        return 0.5 + 0.25 * random.standard_normal(size=shape)
    if content == "image":
        return _pictures(random, shape)
    return random.uniform(size=shape)


def _pictures(random: np.random.RandomState, shape: Sequence[int]) -> Array:
    height, width, channels = shape[-3:]
    count = 1
    for size in shape[:-3]:
        count *= size
    found = [_picture(random, height, width, channels) for _ in range(count)]
    return np.stack(found).reshape(shape)


def _picture(random: np.random.RandomState, height: int, width: int, channels: int) -> Array:
    light = _octaves(random, height, width)
    colours = [_octaves(random, height, width) for _ in range(channels)]
    picture = np.stack([light + 0.4 * colour for colour in colours], axis=-1)
    for _ in range(_OBJECTS):
        inside = _disc(random, height, width)
        own = random.uniform(-2.0, 2.0) + 0.5 * random.uniform(-1.0, 1.0, size=channels)
        texture = random.uniform(0.0, 0.6)
        picture = np.where(inside[:, :, None], own + texture * picture, picture)
    picture = picture + _GRAIN * random.standard_normal(size=picture.shape)
    return _exposed(picture)


def _octaves(random: np.random.RandomState, height: int, width: int) -> Array:
    """Noise of every octave from the whole picture down to two pixels."""
    cells, strength = 1, 1.0
    found = np.zeros((height, width))
    while cells * 2 <= max(2, max(height, width)):
        down = max(1, cells * height // max(height, width))
        across = max(1, cells * width // max(height, width))
        grid = random.standard_normal(size=(down + 1, across + 1))
        found = found + strength * _stretched(grid, height, width)
        cells, strength = cells * 2, strength * _FALL
    return found


def _stretched(grid: Array, height: int, width: int) -> Array:
    """A grid of points as large as a picture, straight in between."""
    rows, row_part = _places(grid.shape[0], height)
    columns, column_part = _places(grid.shape[1], width)
    above, below = grid[rows], grid[rows + 1]
    lines = above + (below - above) * row_part[:, None]
    left, right = lines[:, columns], lines[:, columns + 1]
    return left + (right - left) * column_part[None, :]


def _places(points: int, size: int) -> tuple[Array, Array]:
    """For each pixel the grid point before it, and how far it is to the next."""
    place = (np.arange(size) + 0.5) * (points - 1) / size
    before = np.minimum(np.floor(place).astype("int64"), points - 2)
    return before, place - before


def _disc(random: np.random.RandomState, height: int, width: int) -> Array:
    row, column = random.uniform(0.0, height), random.uniform(0.0, width)
    radius = random.uniform(0.08, 0.35) * max(height, width)
    down = np.arange(height)[:, None] - row
    across = np.arange(width)[None, :] - column
    return down * down + across * across < radius * radius


def _exposed(picture: Array) -> Array:
    """Stretches values to [0, 1] and cuts off the darkest and the brightest."""
    ordered = np.sort(picture, axis=None)
    last = ordered.size - 1
    low, high = ordered[int(_SATURATED * last)], ordered[int((1.0 - _SATURATED) * last)]
    if not high > low:
        return np.full(picture.shape, 0.5)
    return np.clip((picture - low) / (high - low), 0.0, 1.0)
