"""Programs that nobody would write, made of programs that somebody did."""

from __future__ import annotations

import ast
import io
import random
import tokenize
from collections.abc import Callable, Sequence

Mutation = Callable[[list[str], random.Random], list[str]]

_ASIDE = (
    "# aside é", "#", "pass", "x_ = (y_ := 1)", "@staticmethod", "@slim.add_arg_scope",
    "global y_", "z_ = 1; w_ = 2;", "if True: pass", 
    "try:\n    import tf_slim as slim\nexcept: pass",
    "from tf_slim import *", "import tensorflow as tf", "def f_(a, /, b, *, c=slim.conv2d): ...",
    "class C_(object): net = slim.conv2d", "v_ = lambda q: slim.flatten(q)", 
    "slim = slim", "del slim",
    "s_ = f'{slim.conv2d!r:>{10}} {x if x else 1}'", "match x:\n    case [1, *_]: pass",
    "for slim_ in (slim,): pass", "t_ = [slim.conv2d for _ in range(2)]  # type: list",
    "with open('a') as f_, slim.arg_scope([slim.conv2d]): pass", "async def g_():\n    await x",
    "u_ = slim . conv2d", "'''text\n# no comment\n'''", "print(slim)", "assert slim, 'text'",
    "i_: 'slim.conv2d' = slim.l2_regularizer", "return", "while True:\n    break\nelse:\n    pass",
    "if TYPE_CHECKING:\n    import tf_slim as slim  # for types",
    "try:\n    import tf_slim as slim  # new\nexcept ImportError:\n    slim = None  # none",
    "import os, tf_slim as slim  # two", "import tensorflow.contrib.slim", "import tf_slim.nets",
    "from tf_slim import (  # a\n    conv2d,  # b\n    flatten as fl_,  # c\n)  # d",
    "with slim.arg_scope(  # a\n    [slim.conv2d,  # b\n     slim.flatten],  # c\n    stride=1"
    "\n):  # e\n    # f\n    k_ = slim.conv2d(x, 8, 3)\n    # g",
    "def h_(slim): return slim.conv2d(1, 2, 3)", "class K_:\n    slim = 1\n    k = slim",
    "g_ = (slim.conv2d for slim in [])", "l_ = lambda slim: slim.conv2d", "slim: object", "del tf",
    "m_ = slim.flatten(x); n_ = slim.flatten(x)  # both", "for tf in []: pass", "slim += 1",
    "if slim.flatten(x): pass  # tail", "try:\n    pass\nexcept slim.Error as slim: pass",
    "if slim.flatten(  # why\n    x):\n    pass\nelif slim.flatten(x,  # or\n    ):\n    pass",
    "def outer_():\n    global slim\n    slim = None",
    "p_ = [x for x in slim.repeat(x, 2, slim.conv2d)]",
    "async def a_(x):\n    async with x as y:\n        return slim.conv2d(y, 8, 3)",
    "def d_(x):\n    def e_(y=slim.flatten):\n        nonlocal x\n        x = slim.conv2d(y, 8, 3)"
    "\n    e_()",
    "if (q_ := slim.flatten(x)) is not None: print(f'{q_!r} {slim.flatten(x)}')",
    "match slim.flatten(x):\n    case slim.conv2d: pass\n    case {'a': b_}: pass",
)  # fmt: skip


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _some_line(lines: Sequence[str], choice: random.Random) -> int:
    return choice.randrange(len(lines))


def delete(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    return lines[:at] + lines[at + 1 :]


def duplicate(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    end = min(len(lines), at + choice.choice((1, 1, 2, 5)))
    return lines[:end] + lines[at:end] + lines[end:]


def swap(lines: list[str], choice: random.Random) -> list[str]:
    one, other = _some_line(lines, choice), _some_line(lines, choice)
    lines = list(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def insert(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    indent = _indent(lines[at])
    text = choice.choice(_ASIDE)
    return [*lines[:at], *(indent + line for line in text.split("\n")), *lines[at:]]


def comment_at_end(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    return [*lines[:at], f"{lines[at]}  # beside {at}", *lines[at + 1 :]]


def comment_above(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    return [*lines[:at], f"{_indent(lines[at])}# above {at}", *lines[at:]]


def comments_in_brackets(lines: list[str], choice: random.Random) -> list[str]:
    """A comment wherever a line ends inside of brackets, or so it seems, for some lines."""
    start = _some_line(lines, choice)
    end = start + choice.choice((3, 10))
    return [
        f"{line}  # in {at}" if start <= at < end and line.rstrip().endswith((",", "(", "[", "{"))
        else line
        for at, line in enumerate(lines)
    ]  # fmt: skip


def comment_below_block(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    indent = _indent(lines[at])
    indent = choice.choice((f"{indent}    ", f"{indent}  ", indent[:-2], ""))
    return [*lines[: at + 1], f"{indent}# below {at}", *lines[at + 1 :]]


def into_block(lines: list[str], choice: random.Random) -> list[str]:
    """Everything from some line on, or a few lines, below a new head."""
    at = _some_line(lines, choice)
    end = choice.choice((len(lines), at + 2, at + 6))
    head = choice.choice(("def outer_():", "class Outer_:", "try:", "if TYPE_CHECKING:  # types",
                          "with slim.arg_scope([slim.conv2d],  # ops\n        padding='VALID'):",
                          "async def outer_():", "for slim in ():", "with x as slim:"))  # fmt: skip
    indent = _indent(lines[at])
    tail = [f"{indent}except ImportError:  # none", f"{indent}    pass"] if head == "try:" else []
    head = head.replace("\n", "\n" + indent)
    moved = [f"    {line}" if line.strip() else line for line in lines[at:end]]
    return [*lines[:at], *(indent + head).split("\n"), *moved, *tail, *lines[end:]]


def annotate(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    name, equals, value = lines[at].partition(" = ")
    if not equals or not name.strip().isidentifier():
        return lines
    new = choice.choice((f"{name}: 'slim.conv2d' = {value}", f"{name}: object = {value}",
                         f"{name} = other_ = {value}", f"{name}, *_ = {value}"))  # fmt: skip
    return [*lines[:at], new, *lines[at + 1 :]]


def reindent(lines: list[str], choice: random.Random) -> list[str]:
    to = choice.choice(("\t", "  ", "   ", " "))
    return [line.replace("    ", to) if line.startswith("    ") else line for line in lines]


def join_with_semicolon(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    if at + 1 >= len(lines):
        return lines
    return [*lines[:at], f"{lines[at]}; {lines[at + 1].strip()}", *lines[at + 2 :]]


def under_if(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    indent = _indent(lines[at])
    head = choice.choice(("if x:", "for _ in range(2):", "with tf.variable_scope('v'):", "try:"))
    tail = [f"{indent}finally:", f"{indent}    pass"] if head == "try:" else []
    return [*lines[:at], indent + head, f"    {lines[at]}", *tail, *lines[at + 1 :]]


def on_one_line(lines: list[str], choice: random.Random) -> list[str]:
    at = _some_line(lines, choice)
    if not lines[at].rstrip().endswith(":") or at + 1 >= len(lines):
        return lines
    return [*lines[:at], f"{lines[at].rstrip()} {lines[at + 1].strip()}", *lines[at + 2 :]]


def _token_mutation(change: Callable[[str, random.Random], str], kinds: set[int]) -> Mutation:
    def mutate(lines: list[str], choice: random.Random) -> list[str]:
        text = "\n".join(lines)
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        except (tokenize.TokenError, SyntaxError):
            return lines
        found = [t for t in tokens if t.type in kinds and t.string.strip()]
        if not found:
            return lines
        token = choice.choice(found)
        (row, column), (end_row, end_column) = token.start, token.end
        if row != end_row:
            return lines
        line = lines[row - 1]
        new = line[:column] + change(token.string, choice) + line[end_column:]
        return [*lines[: row - 1], *new.split("\n"), *lines[row:]]

    return mutate


def _spaced(text: str, choice: random.Random) -> str:
    around = choice.choice((" ", "  ", "\t", " \\\n ", "\x0c", " \\\n\\\n"))
    return choice.choice((f"{around}{text}", f"{text}{around}", f"{around}{text}{around}"))


def _broken(text: str, choice: random.Random) -> str:
    return choice.choice((f"{text}\n", f"{text}  # inside\n", f"{text}\n\n# inside\n", f"\n{text}"))


def _renamed(text: str, choice: random.Random) -> str:
    return choice.choice(("slim", "x", "tf", "net", "ünder", "conv2d", "keras", "self", text + "_"))


def _wrapped(text: str, choice: random.Random) -> str:
    return choice.choice((f"({text})", f"(({text}))", f"( {text} )", f"(\n{text}  # in\n)",
                          f"[{text}][0]", f"(w_ := {text})", f"*{text}", f"lambda: {text}",
                          f"{text} if {text} else 0", f"not {text}", f"{text}.name"))  # fmt: skip


def _gone(text: str, choice: random.Random) -> str:
    return ""


def _value(text: str, choice: random.Random) -> str:
    return choice.choice(("None", "0", "-1", "''", "b'x'", "f'{x}'", "u'é'", "1e400", "...", "[]"))


_ALL = {tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING}
MUTATIONS: tuple[Mutation, ...] = (
    delete, duplicate, swap, insert, insert, insert, comment_at_end, comment_above, reindent,
    join_with_semicolon, under_if, under_if, on_one_line, comments_in_brackets, comment_below_block,
    into_block, into_block, annotate,
    _token_mutation(_spaced, _ALL), _token_mutation(_broken, _ALL),
    _token_mutation(_renamed, {tokenize.NAME}), _token_mutation(_wrapped, {tokenize.NAME}),
    _token_mutation(_wrapped, {tokenize.NUMBER, tokenize.STRING}), _token_mutation(_gone, _ALL),
    _token_mutation(_value, {tokenize.NUMBER, tokenize.STRING}),
)  # fmt: skip


def mutated(text: str, choice: random.Random, count: int = 3) -> str:
    """A program of Python that differs from `text` in a few places."""
    for _ in range(20):
        lines = text.split("\n")
        for _ in range(choice.randint(1, count)):
            if lines:
                lines = choice.choice(MUTATIONS)(lines, choice)
        new = "\n".join(lines)
        if parses(new):
            return new.replace("\n", "\r\n") if choice.random() < 0.05 else new
    return text


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
