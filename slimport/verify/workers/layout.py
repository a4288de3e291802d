"""How one array lies in memory on two sides: ``HWIO->OIHW``.

A letter is an axis, ``1`` an axis of one element, parentheses join axes into one, the last of them
running fastest: ``(HWC)O->O(CHW)`` is the kernel of a dense layer behind a picture that one side
flattens by rows and the other by channels.

This module runs under CPython 3.7 with nothing but numpy.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

_AXIS = re.compile(r"\(([A-Za-z]+)\)|([A-Za-z])|(1)")
_SIDE = re.compile(r"(?:\([A-Za-z]+\)|[A-Za-z]|1)*\Z")

Array = Any


class LayoutError(ValueError):
    """A layout that cannot be read, or does not fit an array."""


class Layout:
    """Takes arrays from one side's layout to the other's and back.

    Args:
        text: ``HERE->THERE``; empty where nothing is to be moved.
        sizes: Sizes of axes that shapes do not tell, which are those within parentheses.

    Raises:
        LayoutError: The text is no layout, or one side has an axis that the other lacks.
    """

    def __init__(self, text: str, **sizes: int) -> None:
        self.text = text
        self._sizes = sizes
        here, arrow, there = text.replace(" ", "").partition("->")
        if bool(arrow) != bool(text) or not (_SIDE.match(here) and _SIDE.match(there)):
            raise LayoutError(f"{text!r} is not of the form 'HWIO->OIHW'")
        self._here, self._there = _parts(here), _parts(there)
        axes = [sorted("".join(parts)) for parts in (self._here, self._there)]
        if axes[0] != axes[1] or len(set(axes[0])) < len(axes[0]):
            raise LayoutError(f"{text!r}: both sides must name the same axes, each of them once")

    def there(self, array: Array) -> Array:
        """Moves an array as it is here to where it is there."""
        return self._move(np.asarray(array), self._here, self._there)

    def here(self, array: Array) -> Array:
        """Moves it back."""
        return self._move(np.asarray(array), self._there, self._here)

    def shape_here(self, shape: Sequence[int]) -> Tuple[int, ...]:
        """Returns the shape here of an array that has this shape there."""
        if not self.text:
            return tuple(shape)
        return _joined(self._here, self._axes(self._there, shape))

    def _move(self, array: Array, source: List[str], target: List[str]) -> Array:
        if not self.text:
            return array
        sizes = self._axes(source, array.shape)
        order, wanted = "".join(source), "".join(target)
        spread = array.reshape([sizes[axis] for axis in order])
        moved = spread.transpose([order.index(axis) for axis in wanted])
        return np.ascontiguousarray(moved.reshape(_joined(target, sizes)))

    def _axes(self, parts: List[str], shape: Sequence[int]) -> Dict[str, int]:
        """Returns the size of each axis of an array of this shape.

        Raises:
            LayoutError: The shape does not fit, or leaves a size open.
        """
        if len(parts) != len(shape):
            raise LayoutError(f"{self.text!r} does not fit the shape {list(shape)}")
        sizes = dict(self._sizes)
        for part, size in zip(parts, shape):
            unknown = [axis for axis in part if axis not in sizes]
            known = int(np.prod([sizes[axis] for axis in part if axis in sizes]))
            if len(unknown) > 1:
                raise LayoutError(f"{self.text!r}: give sizes of {', '.join(unknown[1:])}")
            if unknown and known and size % known == 0:
                sizes[unknown[0]] = int(size) // known
            elif unknown or known != size:
                raise LayoutError(f"{self.text!r} does not fit the shape {list(shape)}")
        return sizes


def _parts(side: str) -> List[str]:
    """The axes that make each dimension: ``(IM)1HW`` gives ``["IM", "", "H", "W"]``."""
    return [joined or single for joined, single, _ in _AXIS.findall(side)]


def _joined(parts: List[str], sizes: Dict[str, int]) -> Tuple[int, ...]:
    return tuple(int(np.prod([sizes[axis] for axis in part])) for part in parts)


def rearranged(array: Array, layout: str, **sizes: int) -> Array:
    """Returns an array whose axes are moved, such as ``rearranged(x, "NHWC->NCHW")``."""
    return Layout(layout, **sizes).there(array)
