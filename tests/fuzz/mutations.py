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
    join_with_semicolon, under_if, under_if, on_one_line,
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
            return new
    return text


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
