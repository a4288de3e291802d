"""Statements that stay are cut out before libcst parses, and put back byte for byte."""

from pathlib import Path

import libcst as cst
import pytest

from slimport.rewrite import engine
from slimport.rewrite.tree import rewrite_tree

FILE = '''# Nobody's rights are reserved.
#
# As it is.
"""A file in which little changes."""
import numpy as np
import tensorflow as tf
import tf_slim as slim

TABLE = {
    'a': 1,   # one
    'b': 2}


def loud(f): return f


class Reader(object):
    """Reads."""
    size = 3

    @loud
    def values(self, path):
        """A docstring
that is not indented, with "quotes".
        """
        if path == 'a':
            first = [1,
                     2]    # a comment   with spaces
        elif path == 'b':
            first = """
  text
"""
            first += 'é' * 3; second = 2
        else:
            first = tf.to_float(path)

            # before the loop
            for value in range(3):
                print(value,
                   first)
                # at the end of the loop

        if path:
            path = tf.to_int32(path)
        elif self.size:
            self.size = 'nothing in here that any rule would look at'
        # before the return
        return np.array([first,
                         self.size])

    def net(self, x, flag=True):
        import os
        total = sum(i for i in range(10) if i % 2 == 0)
        total -= os.path.getsize('/') \\
            + 1
        with slim.arg_scope([slim.conv2d], stride=2):
            kept = [total, total,
                    total, total]
            x = slim.conv2d(x, 8, [3, 3],
                            scope='a%d' % total)
            if flag: kept = None; other = slim.flatten(x); more = [total, total, total, total]
            else:
                kept = 'a long enough statement, which nothing touches at all'
        def inner(y):
            result = y + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9
            return result
        try:
            kept = inner(total) if kept is None else inner(total + 1)
        except (ValueError,
                TypeError) as error:
            raise RuntimeError('no such thing: %s' % (error,))
        return slim.fully_connected(x, 10)


@loud
def shape(images, height=TABLE['a'],
          width=(1,
                 2), *others, **more):  # all of it

    # before the first statement
    return tf.to_float(images), height, width, others, more


def kind(x, dtype=tf.to_float, name=None):
    return dtype(x)


def stays(x, dtype=tf.float32, name=None):
    return tf.to_float(x), dtype, name


def tail(x):
    a = 'the last statement of the file has no line feed: %s %s' % (x, x)
    return tf.concat(1, [x, x]), a'''


def _rewritten(folder: Path, data: bytes, monkeypatch: pytest.MonkeyPatch, holes: bool) -> bytes:
    folder.mkdir(exist_ok=True)
    (folder / "x.py").write_bytes(data)
    with monkeypatch.context() as patch:
        if not holes:
            patch.setattr(engine, "has_blocks", lambda module, plan: True)
        result = rewrite_tree(folder)
    assert not result.report.failed, result.report.failed[0].error
    return next(data for path, data in result.outputs.items() if path.name == "x.py")


@pytest.mark.parametrize(
    "data",
    [
        FILE.encode(),
        FILE.replace("\n", "\r\n").encode(),
        FILE.replace("    ", "\t").encode(),
        b"# -*- coding: latin-1 -*-\n" + FILE.encode("latin-1"),
        b"\xef\xbb\xbf" + FILE.encode(),
        FILE.replace("\n\n\nclass", "\n\n\f\nclass").encode(),
        FILE.replace("def net", "def __slimport_hole_0__").encode(),
    ],
    ids=["plain", "CRLF", "tabs", "latin-1", "BOM", "form feed", "a name like a hole's"],
)
def test_a_file_becomes_what_it_would_without_holes(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _rewritten(tmp_path / "whole", data, monkeypatch, holes=False)
    assert _rewritten(tmp_path / "holed", data, monkeypatch, holes=True) == whole
    assert whole != data


def test_libcst_parses_what_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    real = cst.parse_module

    def parse(data: bytes) -> cst.Module:
        parsed.append(data)
        return real(data)

    monkeypatch.setattr(engine.cst, "parse_module", parse)
    _rewritten(tmp_path, FILE.encode(), monkeypatch, holes=True)
    first = parsed[0].decode()
    assert len(first) < 0.7 * len(FILE)
    assert "slim.conv2d(x, 8" in first
    assert "A docstring" not in first
    assert "elif path == 'b'" in first
    assert "kept = [total" not in first
    assert "before the return" in first
    assert "rights" not in first and "width=(1" not in first
    assert "before the first statement" in first
    assert "dtype=tf.to_float" in first
    assert "dtype=tf.float32" not in first


def test_what_moves_to_the_left_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scope of a closed function goes, and its block with it."""
    text = """import tf_slim as slim


def net(x):
    label = ['a list that stands where it stood',
             'and nothing else']
    with slim.arg_scope([slim.conv2d], padding='VALID'):
        names = ['something that spans lines, and',
                 'has to move with its block']
        x = slim.conv2d(x, 8, [3, 3], scope=names[0])
    x = slim.conv2d(x, 8, [3, 3], scope='b')
    return x, label, names
"""
    for scope in ("names[0]", "'a'"):
        data = text.replace("names[0])", f"{scope})").encode()
        whole = _rewritten(tmp_path / "whole", data, monkeypatch, holes=False)
        assert _rewritten(tmp_path / "holed", data, monkeypatch, holes=True) == whole
    assert b"\n    names = ['something that spans lines, and'" in whole


def test_shapes_that_stay_are_cut_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`get_shape` is rewritten in Keras code alone; elsewhere its line need not be parsed."""
    parsed: list[bytes] = []
    real = cst.parse_module

    def parse(data: bytes) -> cst.Module:
        parsed.append(data)
        return real(data)

    text = """import tensorflow as tf
from tf_slim import *


def check(test, logits):
    test.assertListEqual(logits.get_shape().as_list(), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    test.assertListEqual(logits.get_shape().as_list(),
                         [9, 8, 7])
    value = logits.get_shape()[1].value + len('this one is not kept in TensorFlow code')
    return tf.to_float(logits), value


def net(x):
    height, width = x.get_shape().as_list()[1:3]
    return conv2d(x, height, 3)
"""
    monkeypatch.setattr(engine.cst, "parse_module", parse)
    whole = _rewritten(tmp_path / "whole", text.encode(), monkeypatch, holes=False)
    del parsed[:]
    assert _rewritten(tmp_path / "holed", text.encode(), monkeypatch, holes=True) == whole
    assert b"assertListEqual" not in parsed[0]
    assert b"[1].value" in parsed[0]
    assert b"height, width" in parsed[0]
    assert b"list(x.shape)[1:3]" in whole


def test_blocks_of_a_try_are_cut_out_in_the_order_of_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ast` names what is done in the end before the handlers."""
    text = """import tf_slim as slim


def net(x, path):
    try:
        x = slim.conv2d(x, 8, [3, 3])
    except ValueError as error:
        raise RuntimeError('a line that nothing touches, of the handler: %s' % error)
    else:
        path = 'a line that nothing touches, of what is done otherwise'
    finally:
        print('a line that nothing touches, of what is done at last', path)
    return x
"""
    whole = _rewritten(tmp_path / "whole", text.encode(), monkeypatch, holes=False)
    assert _rewritten(tmp_path / "holed", text.encode(), monkeypatch, holes=True) == whole
    assert whole.count(b"nothing touches") == 3


def test_statements_of_files_and_classes_are_cut_out_below_the_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    real = cst.parse_module

    def parse(data: bytes) -> cst.Module:
        parsed.append(data)
        return real(data)

    text = """'''A docstring, with which the file begins.'''
BEFORE = ['what is above an import', 'decides where others go']
import tf_slim as slim
# of the table
TABLE = {'something': 'that nothing touches', 'more': 'of it'}

FIRST = slim.conv2d
if BEFORE:
    INSIDE = ['what is in a block of the file', 'stays visible']


class Net(object):
    '''What nothing touches of a class.'''
    sizes = [1, 2, 3]
    layer = staticmethod(slim.flatten)
    names = ['something', 'that', 'nothing', 'touches']


if __name__ == '__main__': print('a line that is looked at as a whole', TABLE)
"""
    monkeypatch.setattr(engine.cst, "parse_module", parse)
    whole = _rewritten(tmp_path / "whole", text.encode(), monkeypatch, holes=False)
    del parsed[:]
    assert _rewritten(tmp_path / "holed", text.encode(), monkeypatch, holes=True) == whole
    first = parsed[0].decode()
    for shown in ("BEFORE", "of the table", "INSIDE", "__main__", "A docstring", "slim.flatten"):
        assert shown in first
    for hidden in ("TABLE =", "nothing touches", "names ="):
        assert hidden not in first
