"""Python 2's names: rewritten where nothing else can be meant, and nowhere else."""

from __future__ import annotations

import pytest

from slimport.rewrite.tree import TreeResult
from tests.rewrite.tools import check_noop, output, report, rewrite_program

TF1 = "import tensorflow as tf\n\ny = tf.log(x)\n"


def program(text: str, **others: str) -> TreeResult:
    """A file in a tree that was written for TF 1."""
    files = {"old.py": text, "train.py": TF1, **{f"{k}.py": v for k, v in others.items()}}
    result = rewrite_program(files)
    assert not result.report.failed
    return result


def become(text: str, **others: str) -> str:
    return output(program(text, **others), "old.py") or text


BECOMES = {
    "for i in xrange(3): pass": "for i in range(3): pass",
    "x = raw_input('?')": "x = input('?')",
    "x = unicode(3), unichr(4)": "x = str(3), chr(4)",
    "x = isinstance(y, (int, long))": "x = isinstance(y, (int, int))",
    "x = isinstance(y, basestring)": "x = isinstance(y, str)",
    "x = map(long, y)": "x = map(int, y)",
    "def f(x=xrange): pass": "def f(x=range): pass",
    "for k, v in d.iteritems(): pass": "for k, v in d.items(): pass",
    "x = [v for v in a.b['c'].itervalues()]": "x = [v for v in a.b['c'].values()]",
    "x = sorted(d.iterkeys(), key=f)": "x = sorted(d.keys(), key=f)",
    "x = d.iteritems()": "x = iter(d.items())",
    "x = next(d.itervalues())": "x = next(iter(d.values()))",
    "x = f(d.iteritems())": "x = f(iter(d.items()))",
    "x = d.viewkeys() & e": "x = d.keys() & e",
    "if d.has_key('a'): pass": "if 'a' in d: pass",
    "x = not d.has_key(k)": "x = not (k in d)",
    "x = a == d.has_key(k)": "x = a == (k in d)",
    "x = d.has_key(a + b)": "x = (a + b) in d",
    "x = (a or d).has_key(k)": "x = k in (a or d)",
    "import cPickle": "import pickle as cPickle",
    "import cPickle as pickle": "import pickle",
    "import cPickle as p, os": "import pickle as p, os",
    "from cPickle import load": "from pickle import load",
    "import Queue": "import queue as Queue",
    "def f():\n    import Queue": "def f():\n    import queue as Queue",
    "import urlparse": "import urllib.parse as urlparse",
    "x = reduce(f, y)": "import functools\nx = functools.reduce(f, y)",
    "import functools\nx = reduce(f, y)": "import functools\nx = functools.reduce(f, y)",
    '"""Doc."""\nfrom __future__ import division\nimport os\nx = reduce(f, y)': (
        '"""Doc."""\nfrom __future__ import division\nimport functools\nimport os\n'
        "x = functools.reduce(f, y)"
    ),
}


@pytest.mark.parametrize(("before", "after"), BECOMES.items())
def test_becomes(before: str, after: str) -> None:
    assert become(f"{before}\n") == f"{after}\n"


STAY = {
    "bound by an import": "from six.moves import xrange\nx = xrange(3)\n",
    "bound by any module": "from compat import unicode, long\nx = unicode(long(3))\n",
    "bound by six's star": "from six.moves import *\nx = xrange(3)\n",
    "given back": "try:\n    xrange\nexcept NameError:\n    xrange = range\nx = xrange(3)\n",
    "given back below": "import six\nif six.PY3:\n    unicode = str\nx = unicode(1)\n",
    "waiting for the error": "try:\n    x = raw_input\nexcept NameError:\n    x = input\n",
    "asking for the version": "import six\nx = unicode if six.PY2 else str\n",
    "asking in an if": "import six\nif six.PY2:\n    x = long(3)\nelse:\n    x = int(3)\n",
    "a parameter": "def f(file, long, reduce): return file, long, reduce(1)\n",
    "a loop variable": "for file in y: print(file)\n",
    "with": "with open('a') as file: print(file.read())\n",
    "a comprehension": "x = [file for file in y if file]\n",
    "a function": "def cmp(a, b): return a - b\nx = cmp(1, 2)\n",
    "an argument's name": "f(file=1, long=2, unicode=3)\n",
    "an attribute": "x = np.unicode_, y.xrange(3), y.reduce(f), y.file, tf.long\n",
    "functools' reduce": "from functools import reduce\nx = reduce(f, y)\n",
    "six.iteritems": "import six\nfor k, v in six.iteritems(d): pass\n",
    "a method that is not called": "x = d.iteritems, d.has_key\n",
    "more arguments": "x = d.has_key(1, 2), d.iteritems(3), d.has_key(*y)\n",
    "a method's definition": "class A:\n    def iteritems(self): return iter(self.items())\n",
    "a keyword argument": "x = frame.has_key(key=3)\n",
    "Python 3's": "x = range(3), input(), str(1), {}.items(), 'a' in {}\n",
    "an import that is tried": (
        "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle\n"
    ),
    "an import of some version": "import six\nif six.PY2:\n    import urllib2\n",
    "a text": "x = 'xrange(3)'  # d.iteritems()\n",
    "the tree's own module": "import Queue\nx = Queue.Queue()\n",
    "a relative import": "from .cPickle import load\n",
    "an attribute of a module": "import thread.local\n",
}


@pytest.mark.parametrize("text", STAY.values(), ids=STAY.keys())
def test_stays(text: str) -> None:
    result = program(text, Queue="class Queue: pass\n", compat="unicode, long = str, int\n")
    assert output(result, "old.py") is None
    assert not report(result, "old.py").left


def test_a_tree_without_tf_1_stays() -> None:
    check_noop("import cPickle\nfor k, v in d.iteritems(): print(xrange(k) / 2)\n")
    check_noop("import tensorflow as tf\nfor i in xrange(tf.constant(3)): pass\n")


def test_names_that_a_star_of_the_tree_brings() -> None:
    compat = "try:\n    xrange\nexcept NameError:\n    xrange = range\n"
    text = "from compat import *\nx = xrange(3)\n"
    assert become(text, compat=compat) == text


LEFT = {
    "another library's star": "from pylab import *\nx = xrange(3)\n",
    "Python 3's name is taken": "def f(input): return raw_input(input)\n",
    "in a class": "class A:\n    range = 3\n    x = xrange(4)\n",
    "by the module": "import re as functools\nx = reduce(f, y)\n",
    "gone": "x = cmp(1, 2)\n",
    "opened": "x = file('a').read()\n",
    "a class of the tree": (
        "class A:\n    def iteritems(self): return []\nfor k, v in d.iteritems(): pass\n"
    ),
    "a class of another file": "import other\nx = d.has_key(3)\n",
    "what is called first": "x = d.has_key(f(3))\n",
    "a module that was split": "import urllib2\n",
    "with other behaviour": "from StringIO import StringIO\n",
}


def test_a_class_that_no_process_loads_with_it() -> None:
    table = "class Table:\n    def has_key(self, key): return False\n"
    assert become("x = d.has_key(3)\n", other=table) == "x = 3 in d\n"
    reached = program("x = d.has_key(3)\n", other=table, both="import old\nimport other\n")
    assert [left.code for left in report(reached, "old.py").left] == ["SLIM360"]


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT.keys())
def test_what_is_not_certain_is_marked(text: str) -> None:
    table = "class Table:\n    def has_key(self, key): return False\n"
    result = program(text, other=table)
    assert [left.code for left in report(result, "old.py").left] == ["SLIM360"]
    marked = output(result, "old.py") or ""
    kept = [line for line in marked.splitlines() if not line.lstrip().startswith("#")]
    assert kept == text.splitlines()


def test_what_is_marked_is_found_again_in_a_tree_that_has_nothing_else_of_tf_1() -> None:
    first = program("import urllib2\n")
    texts = {str(path): data.decode() for path, data in first.outputs.items()}
    again = rewrite_program(texts)
    assert [left.api for left in report(again, "old.py").left] == ["python2.urllib2"]
    assert not again.outputs


def test_the_report_names_divisions_that_floored() -> None:
    text = "for i in xrange(3):\n    x = i / 2\n    y = i / 2.0\n    y /= 3\n    z = i // 2\n"
    (note,) = program(text).report.notes
    assert note.startswith("old.py: ") and note.endswith("lines 2, 4")
    assert "x = i / 2\n" in become(text)


NO_REMARK = {
    "division imported": "from __future__ import division\nx = xrange(3)[1] / 2\n",
    "Python 3 as it seems": "x = range(3)[1] / 2\n",
    "floats alone": "x = xrange(3), y / 2.0, -1.0 / y, float(y) / 3, 'a/%s' / y, (1.0 * y) / z\n",
    "floor division": "x = xrange(y // 2)\n",
}


@pytest.mark.parametrize("text", NO_REMARK.values(), ids=NO_REMARK.keys())
def test_no_remark(text: str) -> None:
    assert program(text).report.notes == []


def test_the_report_names_maps_that_nobody_reads() -> None:
    (note,) = program("x = map(f, y)\nmap(print_it, xrange(3))\n").report.notes
    assert "map()" in note and note.endswith("line 2")


def test_a_broken_file_that_names_only_python_2_is_not_ours_to_report() -> None:
    result = rewrite_program({"old.py": "print xrange(3)\n", "train.py": TF1})
    assert result.report.failed == []
    assert output(result, "old.py") is None
