"""What Python 3 computes otherwise without a word, in files that were Python 2."""

from dataclasses import dataclass

from slimport.python2.reasons import CODE, REASONS
from slimport.rewrite.rule import Example, Rule


@dataclass(frozen=True, kw_only=True)
class _MarkedByReading(Rule):
    """Its marks are set while a file is read: slimport/python2/meaning.py."""

    advice: str = "look what Python 2 does there, write it for Python 3, and take the mark away"


PYTHON2_MEANING = _MarkedByReading(
    code=CODE,
    alone=True,
    name="python2_meaning",
    summary="Python 2 files: divisions of ints -> //; what changes its meaning is marked",
    apis=tuple(REASONS),
    details=(
        "Files that Python 3 does not parse, or misreads (`print >>f, x`), become Python 3 first, "
        "with the extra [py2]: see docs/python2.md. A division stays / where one side is a float "
        "for certain, becomes // where both are ints, and is marked where the file does not tell."
    ),
    examples=(
        Example(
            before="""
import sys

import tensorflow as tf
import tf_slim as slim


def net(images, depth=8):
    print >>sys.stderr, 'depth', depth
    images = tf.cast(images, tf.float32) / 255
    images = slim.conv2d(images, len([3, 5]) / 2, [3, 3], scope='one')
    return slim.conv2d(images, depth / 2, [3, 3], scope='half')
""",
            after="""
import sys

import keras

from scoped_layers import conv2d


def net(images, depth=8):
    print('depth', depth, file=sys.stderr)
    images = keras.ops.cast(images, "float32") / 255
    images = conv2d(images, len([3, 5]) // 2, [3, 3], name='one')
    # TODO(slimport): SLIM361 / of two ints is floor division in Python 2; write // if that is
    #   meant, else float()
    return conv2d(images, depth / 2, [3, 3], name='half')
""",
        ),
        Example(
            title="what Python 3 does otherwise, elsewhere than in divisions",
            before="""
import tensorflow as tf


class Size:
    def __init__(self, sides):
        self.sides = map(max, sides, [1, 1])
        print [side for side in self.sides], round(side)

    def __cmp__(self, other):
        return cmp(self.sides, other.sides)


def size(images):
    return Size(tf.shape(images).get_shape().as_list())
""",
            after="""
import tensorflow as tf


class Size:
    def __init__(self, sides):
        # TODO(slimport): SLIM361 map() over several iterables goes on to the end of the longest
        #   in Python 2
        self.sides = list(map(max, sides, [1, 1]))
        # TODO(slimport): SLIM361 round() takes a half away from zero in Python 2, and to the even
        #   number in Python 3
        # TODO(slimport): SLIM361 the list comprehension leaves its side behind in Python 2, which
        #   is read later
        print([side for side in self.sides], round(side))

    # TODO(slimport): SLIM361 Python 3 never calls __cmp__; write __eq__, __lt__ and their family
    def __cmp__(self, other):
        # TODO(slimport): SLIM360 cmp is Python 2's; write what it does in Python 3
        return cmp(self.sides, other.sides)


def size(images):
    return Size(tf.shape(images).get_shape().as_list())
""",
        ),
    ),
)
