"""What is Python 2, also where Python 3 parses it; and what is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from slimport.files.source import NotPython3, SourceError, parse
from slimport.python2.detect import misread

HEAD = "import tf_slim as slim\n"

PYTHON2 = {
    "a print statement": ("print 'x'", "line 2: Python 2 source"),
    "print of a tuple": ("print 'x', 1", "line 2: Python 2 source"),
    "print to a file, which Python 3 parses": ("print >>f, 'x'", "(print >>)"),
    "an empty line to a file": ("print >>f", "(print >>)"),
    "an empty line, which Python 3 takes for a name": ("print", "(print without parentheses)"),
    "inside a function": ("def f():\n    if 1:\n        print\n", "line 4: Python 2 source"),
    "exec": ("exec 'x'", "line 2: Python 2 source"),
    "an exception with a comma": ("try: pass\nexcept E, e: pass", "line 3: Python 2 source"),
    "an octal number": ("x = 0777", "line 2: Python 2 source"),
    "tabs beside blanks": (
        "if 1:\n    if 2:\n\tx = 1\n",
        "line 4: Python 2 source (tabs beside blanks)",
    ),
}
PYTHON3 = {
    "print of two": "print('x', 1)",
    "print of a parenthesis": "print ('x', 1)",
    "print as a value": "show = print",
    "shifts": "one = 1 >> 2, 3\nf(print)",
    "print in a tuple": "(1, print)",
    "exec": "exec('x', {})",
    "exceptions in parentheses": "try: pass\nexcept (E, e): pass",
    "future": "",
}


@pytest.mark.parametrize("text,message", PYTHON2.values(), ids=PYTHON2)
def test_python2_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(NotPython3) as error:
        parse(Path("net.py"), f"{HEAD}{text}\n".encode())
    assert message in str(error.value)
    assert "slimport[py2]" in str(error.value)


@pytest.mark.parametrize("text", PYTHON3.values(), ids=PYTHON3)
def test_python3_is_read(text: str) -> None:
    assert parse(Path("net.py"), f"{HEAD}{text}\n".encode()).container is None


def test_a_file_that_says_print_is_a_function() -> None:
    assert misread(ast.parse("from __future__ import print_function\nprint\n")) is None


def test_a_comma_in_except_that_newer_parsers_take_for_a_tuple() -> None:
    tree = ast.parse("try: pass\nexcept (E, e): pass")
    handler = tree.body[0].handlers[0]  # type: ignore[attr-defined]
    assert misread(tree) is None
    handler.type.col_offset += 1  # where CPython 3.14 has it for `except E, e:`
    assert str(misread(tree)) == "line 2: Python 2 source (except E, e)"


@pytest.mark.parametrize("text", ["x = = 1", "def f(:\n", "class\n"])
def test_what_no_python_parses(text: str) -> None:
    with pytest.raises(SourceError, match="invalid syntax") as error:
        parse(Path("net.py"), f"{HEAD}{text}\n".encode())
    assert "Python 2" not in str(error.value)
