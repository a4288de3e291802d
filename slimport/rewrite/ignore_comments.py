"""``# slimport: ignore[SLIM101]`` and ``# slimport: ignore-file``: where they are, what they cover.

A comment behind code covers the lines of its statement where it is on the first or the last of
them, and its own line anywhere else. A comment on a line of its own covers the statement below.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from slimport.index.modules import Module
from slimport.index.walking import walk

# Quick to find in a whole file, so that files without one cost nothing.
_SIGN = re.compile(r"#.*slimport:\s*ignore", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*slimport:\s*ignore(?P<rest>[^#]*)", re.IGNORECASE)
_REST = re.compile(r"(?P<file>-file)?\s*(?:\[(?P<codes>[^\]]*)\])?(?:[\s:,;.].*)?", re.DOTALL)
_EXAMPLE = "write `# slimport: ignore[SLIM101]`"
_NEED_CODES = f"says of no rule what it ignores; {_EXAMPLE}"


@dataclass(frozen=True)
class IgnoreComment:
    """One comment.

    Attributes:
        codes: what stands in the brackets, one by one.
        is_whole: it speaks of the whole file.
        lines: the lines that it covers, if not.
        error: why nobody can tell what it means.
    """

    line: int
    text: str
    codes: tuple[str, ...] = ()
    is_whole: bool = False
    lines: frozenset[int] = frozenset()
    error: str = ""


def may_have_comments(lines: list[str]) -> bool:
    """Whether a file's text has anything that looks like such a comment."""
    return any("slimport:" in line.lower() and _SIGN.search(line) for line in lines)


def comments_of(module: Module) -> list[IgnoreComment]:
    """The comments of a file, in order."""
    if not may_have_comments(module.lines):
        return []
    extents = list(_extents(module.tree))
    head = min((statement.lineno for statement in _behind_docstring(module.tree)), default=None)
    found = []
    for token in _comments(module.lines):
        line, column = token.start
        for match in _DIRECTIVE.finditer(token.string):
            is_own_line = not token.line[:column].strip()
            covered = _covered(line, is_own_line, extents, module.lines)
            found.append(_comment(match, line, covered, head is None or line < head))
    return found


def _comment(
    match: re.Match[str], line: int, lines: frozenset[int], is_in_head: bool
) -> IgnoreComment:
    text = " ".join(match.group().split())
    rest = _REST.fullmatch(match["rest"].rstrip())
    if rest is None:
        return IgnoreComment(line, text, error=f"`{text}` is not understood; {_EXAMPLE}")
    listed = rest["codes"]
    codes = tuple(part.strip() for part in (listed or "").split(",") if part.strip())
    if listed is not None and not codes:
        return IgnoreComment(line, text, error=f"`{text}` {_NEED_CODES}")
    if rest["file"]:
        if not is_in_head:
            return IgnoreComment(line, text, error=f"`{text}` belongs at the top of the file")
        return IgnoreComment(line, text, codes, is_whole=True)
    if not codes:
        return IgnoreComment(line, text, error=f"`{text}` {_NEED_CODES}")
    return IgnoreComment(line, text, codes, lines=lines)


def _comments(lines: list[str]) -> Iterator[tokenize.TokenInfo]:
    reader = io.StringIO("\n".join(lines)).readline
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):  # what `ast` has parsed is complete by then
        return


def _covered(
    line: int, is_own_line: bool, extents: list[tuple[int, int]], lines: list[str]
) -> frozenset[int]:
    first = _next_code(line, lines) if is_own_line else line
    if first is None:
        return frozenset()
    covered = {first}
    for start, end in extents:
        if first == start or (first == end and not is_own_line):
            covered.update(range(start, end + 1))
    return frozenset(covered)


def _next_code(line: int, lines: list[str]) -> int | None:
    """The line below a block of comments; None where a blank line is between."""
    for number in range(line + 1, len(lines) + 1):
        text = lines[number - 1].strip()
        if not text.startswith("#"):
            return number if text else None
    return None


def _extents(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """First and last line of each statement; of one with a block, those of its head."""
    for node in walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        if not hasattr(node, "body"):
            yield start, node.end_lineno or start
            continue
        inside = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _BLOCKS)]
        ends = [end for child in inside for end in _ends(child)]
        yield start, max([node.lineno, *ends])


_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def _ends(node: ast.AST) -> Iterator[int]:
    for child in walk(node):
        end = getattr(child, "end_lineno", None)
        if end is not None:
            yield end


def _behind_docstring(tree: ast.Module) -> list[ast.stmt]:
    match tree.body:
        case [ast.Expr(ast.Constant(str())), *rest]:
            return rest
    return tree.body
