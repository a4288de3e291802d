"""Python 2 text to Python 3 text, by fixers of fissix that keep what the text computes.

Left out, with purpose: what rules of slimport do with more care (names, `has_key`, modules:
rules/python2_names.py), and what changes a meaning (`types` makes StringType bytes, though the
file's own texts become str; `import` turns a script's neighbours into relative imports).
"""

from __future__ import annotations

import ast
import importlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from slimport.python2.bound import bound_names
from slimport.python2.lists import listed
from slimport.python2.literals import respelled

# Python 3 does not parse the text without these.
_SYNTAX = tuple(
    "except exec metaclass ne numliterals paren print raise repr throw tuple_params".split()
)
# Names, methods and results that Python 3 has under others, in the order of their use.
_MEANING = tuple(
    "apply dict funcattrs intern itertools itertools_imports methodattrs next nonzero operator "
    "renames standarderror sys_exc xrange".split()
)
# A name that the file itself binds is not the builtin that the fixer takes it for.
_OF_BUILTINS = {"apply": {"apply"}, "intern": {"intern"}, "xrange": {"range", "xrange"}}


class NotPython2(Exception):
    """The text is no Python 2 either."""


@cache
def fissix() -> Any:
    """The module fissix.refactor, None where the extra [py2] is not installed."""
    try:
        return importlib.import_module("fissix.refactor")
    except ImportError:
        return None


@cache
def _unreadable() -> tuple[type[Exception], ...]:
    """What pgen2 raises for a text that it cannot read."""
    parse = importlib.import_module("fissix.pgen2.parse")
    tokenizer = importlib.import_module("fissix.pgen2.tokenize")
    return parse.ParseError, tokenizer.TokenError, IndentationError


class _Tool:
    """A set of fixers, and which of them changed something."""

    def __init__(self, names: tuple[str, ...], printing: bool) -> None:
        refactor = fissix()
        assert refactor is not None
        paths = [f"fissix.fixes.fix_{name}" for name in names]
        self._tool = refactor.RefactoringTool(paths, {"print_function": not printing})
        self._tool.logger = logging.Logger("fissix", logging.CRITICAL)
        self._used: Counter[str] = Counter()
        for fixer in (*self._tool.pre_order, *self._tool.post_order):
            fixer.transform = self._counted(fixer)
            if type(fixer).__name__ == "FixXrange":
                fixer.transform_range = lambda node, results: None  # lists.py knows better where
            if type(fixer).__name__ == "FixTupleParams":
                fixer.new_name = _without_template(partial(fixer.new_name, "packed"))

    def _counted(self, fixer: Any) -> Callable[[Any, Any], Any]:
        transform, name = fixer.transform, type(fixer).__module__.rpartition("fix_")[2]

        def counted(node: Any, results: Any) -> Any:
            before = str(node)
            new = transform(node, results)
            if new is not None or str(node) != before:
                self._used[name] += 1
            return new

        return counted

    def run(self, text: str) -> tuple[str, Counter[str]]:
        """Returns the new text and how often each fixer changed it.

        Raises:
            NotPython2: it does not parse.
        """
        self._used.clear()
        try:
            tree = self._tool.refactor_string(text, "<python 2>")
        except _unreadable() as error:
            raise NotPython2(str(error)) from error
        return (text if tree is None else str(tree)), Counter(self._used)


def _without_template(new_name: Callable[[], str]) -> Callable[..., str]:
    return lambda template="": new_name()


_tool = cache(_Tool)


def fixed(text: str) -> tuple[str, Counter[str]]:
    """Returns the text as Python 3, and how often each fixer changed it.

    Raises:
        NotPython2: Python 2 does not parse it, or the fixers do not make Python 3 of it.
    """
    ended = text.endswith("\n")
    try:
        spelled = respelled(text)
    except _unreadable() as error:
        raise NotPython2(str(error)) from error
    done, used = _tool(_SYNTAX, True).run(spelled if ended else spelled + "\n")
    try:
        tree = ast.parse(done)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotPython2(str(error)) from error
    modern = next(_modern(tree), None)
    if modern is not None:  # `except E, F:` of Python 3.14 is no `except E as F:`
        raise NotPython2(f"line {modern}: syntax that Python 2 does not have")
    done, lists = listed(done)
    # `print` is a function now, which the second run must not take for the statement.
    done, more = _tool(_meaning(tree), False).run(done)
    used = used + more + Counter({"lists": lists})
    return _same_line_ends(text, done if ended else done.removesuffix("\n")), used


def _modern(tree: ast.Module) -> Iterator[int]:
    """Lines of what no Python 2 parses, and the fixers let pass."""
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr() | ast.AnnAssign() | ast.AsyncFunctionDef() | ast.Nonlocal():
                yield node.lineno
            case ast.YieldFrom() | ast.NamedExpr() | ast.Await() | ast.arg(annotation=ast.expr()):
                yield node.lineno
            case ast.FunctionDef(returns=ast.expr()):
                yield node.lineno


def _meaning(tree: ast.Module) -> tuple[str, ...]:
    """The fixers of builtins and methods that the file's own names do not mislead."""
    bound = bound_names(tree)
    left_out = {name for name, builtins in _OF_BUILTINS.items() if builtins & bound}
    if not all(map(_is_iterator, _classes_with_next(tree))):
        left_out.add("next")
    return tuple(name for name in _MEANING if name not in left_out)


def _classes_with_next(tree: ast.Module) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(n == "next" for n, _ in _methods(node)):
            yield node


def _methods(node: ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    return ((item.name, item) for item in node.body if isinstance(item, ast.FunctionDef))


def _is_iterator(node: ast.ClassDef) -> bool:
    """Whether its `next` is what ``for`` calls, and nothing that a loader has for its batches."""
    methods = dict(_methods(node))
    return "__iter__" in methods and len(methods["next"].args.args) == 1


def _same_line_ends(old: str, new: str) -> str:
    """Fixers end the lines that they add with a line feed, whatever the others have."""
    if "\r\n" not in old or re.search(r"(?<!\r)\n", old):
        return new
    return re.sub(r"(?<!\r)\n", "\r\n", new)
