"""NumPy's old names: rewritten where they mean what they meant, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from slimport.numpy_api import RENAMED
from tests.rewrite.tools import check_noop, output, report, rewrite_program

TF1 = "import tensorflow as tf\n\nsession = tf.Session()\n"
USER = "import numpy as np\n\nx = np.zeros(3, np.int)\n"


def become(text: str, **others: str) -> str:
    """What becomes of a file in a tree that was written for TF 1."""
    files = {"names.py": text, "train.py": TF1, **{f"{k}.py": v for k, v in others.items()}}
    result = rewrite_program(files)
    assert not result.report.failed
    return output(result, "names.py") or text


def test_every_new_name_is_there() -> None:
    assert [name for name in RENAMED.values() if not hasattr(np, name.removeprefix("-"))] == []


def test_a_file_without_tensorflow_in_a_tree_with_tf_1() -> None:
    assert become(USER) == "import numpy as np\n\nx = np.zeros(3, int)\n"


def test_a_tree_without_tf_1_stays() -> None:
    check_noop(USER)
    check_noop("import tensorflow as tf\n" + USER + "y = tf.reduce_sum(tf.nn.relu(x))\n")
    check_noop("import tensorflow.compat.v1 as tf\n" + USER + "y = tf.placeholder(tf.float32)\n")


FORMS = {
    "import numpy": ("import numpy\n\nx = numpy.float(3)\n", "float(3)"),
    "a renamed module": ("import numpy as N\nM = N\nx = M.complex_\n", "M.complex128"),
    "a helper's numpy": ("import helper\n\nx = helper.np.bool\n", "x = bool\n"),
    "imported from a helper": ("from helper import np\n\nx = np.unicode\n", "x = str\n"),
    "star of a helper": ("from helper import *\n\nx = np.Infinity\n", "x = np.inf\n"),
    "a decorated default": ("import numpy as np\ndef f(x=np.int): pass\n", "def f(x=int)"),
    "an attribute of it": ("import numpy as np\nx = np.int.__name__\n", "x = int.__name__"),
    "keyword argument": ("import numpy as np\nx = f(dtype=np.object)\n", "f(dtype=object)"),
    "minus infinity": ("import numpy as np\nx = 1 - np.NINF\n", "x = 1 - (-np.inf)"),
    "minus infinity's name": ("import numpy as np\nx = np.NINF.real\n", "x = (-np.inf).real"),
    "layout": ("import numpy as np\nx = (np\n     .float_)\n", "x = (np\n     .float64)"),
}


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS.keys())
def test_form(text: str, expected: str) -> None:
    assert expected in become(text, helper="import numpy as np\n")


STAY = {
    "names that NumPy has": "import numpy as np\nx = np.int64, np.bool_, np.float32, np.str_\n",
    "another library's numpy": "import jax.numpy as np\nx = np.int, np.float_\n",
    "TensorFlow's numpy": "import tensorflow.experimental.numpy as np\nx = np.int\n",
    "a parameter": "import numpy as np\ndef f(np): return np.int\n",
    "a local variable": "import numpy as np\ndef f(g):\n    np = g()\n    return np.int\n",
    "a loop variable": "for np in []:\n    print(np.int)\n",
    "a name bound twice": "import numpy as np\nif 1:\n    import cupy as np\nx = np.int\n",
    "an attribute of an object": "def f(self): return self.np.int, self.int\n",
    "a module of the tree": "import numpy_like as np\nx = np.int\n",
    "a string": "import numpy as np\nx = hasattr(np, 'int'), 'np.int', getattr(np, 'int')\n",
    "a comment": "import numpy as np  # np.int\nx = 1\n",
    "assigned": "import numpy as np\nnp.int = int\nx = np.int\n",
    "deleted": "import numpy as np\ndel np.float\n",
    "set by name": "import numpy as np\nsetattr(np, 'bool', bool)\nx = np.bool\n",
    "set in a loop": "import numpy as np\nfor n in 'ab':\n    setattr(np, n, 1)\nx = np.float\n",
    "an import alone": "from numpy import int as npint\n",
}


@pytest.mark.parametrize("text", STAY.values(), ids=STAY.keys())
def test_stays(text: str) -> None:
    assert become(text, numpy_like="int = 3\n") == text


def test_a_name_that_another_file_gives_back_stays() -> None:
    assert become(USER, shim="import numpy\n\nnumpy.int = numpy.int64\n") == USER


SHADOWED = {
    "module": "import numpy as np\nint = 3\nx = np.int\n",
    "parameter": "import numpy as np\ndef f(int): return np.int\n",
    "class": "import numpy as np\nclass A:\n    int = np.int\n",
    "import": "import numpy as np\nfrom builtins import int\nx = np.int\n",
    "global": "import numpy as np\ndef f():\n    global int\n    int = 3\nx = np.int\n",
    "comprehension": "import numpy as np\nx = [np.int for int in range(3)]\n",
    "star": "import numpy as np\nfrom helper import *\nx = np.int\n",
    "imported elsewhere": "import helper\nx = helper.Inf\n",
    "by its own name": "from numpy import int\nx = int(3)\n",
    "by another name": "from numpy import int as npint\nx = npint(3)\n",
}


@pytest.mark.parametrize("text", SHADOWED.values(), ids=SHADOWED.keys())
def test_what_is_not_certain_is_marked(text: str) -> None:
    files = {"names.py": text, "train.py": TF1, "helper.py": "from numpy import Inf\n\nint = 3\n"}
    result = rewrite_program(files)
    assert [left.code for left in report(result, "names.py").left] == ["SLIM330"]
    marked = output(result, "names.py") or ""
    kept = [line for line in marked.splitlines() if "TODO" not in line and "#   " not in line]
    assert kept == text.splitlines()


def test_a_method_does_not_see_the_names_of_its_class() -> None:
    text = "import numpy as np\nclass A:\n    int = 3\n    def f(self): return np.int\n"
    assert "def f(self): return int" in become(text)


def test_an_alias_follows_its_definition() -> None:
    text = "import numpy as np\nnpint = np.int\nx = npint(3)\n"
    assert become(text) == text.replace("np.int\n", "int\n")


def test_a_broken_file_that_names_only_numpy_is_not_ours_to_report() -> None:
    result = rewrite_program({"old.py": "import numpy as np\nprint np.int\n", "train.py": TF1})
    assert result.report.failed == []
    assert output(result, "old.py") is None
