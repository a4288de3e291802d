"""Commands that install packages, and cells that nobody read, once the code around is rewritten.

In a notebook ``!pip install tf_slim`` is a line of IPython; the program has the call that IPython
makes of it (`slimport.notebooks`), and so has a script that was exported from a notebook.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from slimport.index.canonical import canonical, is_slim
from slimport.index.modules import Module
from slimport.index.walking import walk
from slimport.notebooks.installs import Answer, answer
from slimport.report.model import LeftAlone, Rewritten
from slimport.rewrite import marks
from slimport.rewrite.comments import with_lost
from slimport.rewrite.ignored import WOULD_CHANGE
from slimport.rewrite.imports import Gone, without_gone
from slimport.rewrite.selection import FileSelection
from slimport.rewrite.written_module import WRITTEN_MODULE

CODE, NAME, API = "SLIM990", "notebook_installs", "ipython.install"
UNREAD_CODE, UNREAD_NAME, UNREAD_API = "SLIM991", "notebook_cells", "ipython.cell"
ADVICE = "change the line once the code runs where its packages are"
WRITTEN = "the {name} that it writes stays as it is: {why}"
UNREAD = "it names {name} in a cell that is not Python, and stays as it is"
UNREAD_ADVICE = "rewrite it by hand, or as a file of its own"
_METHODS = ("system", "run_line_magic")
_INSTALLERS = ("pip", "conda", "mamba")
_SLIM_TEXT = ("tf_slim", "contrib")


def calls_ipython(module: Module) -> bool:
    """Whether a file holds lines of IPython."""
    return module.holds("get_ipython().")


def may_answer(module: Module) -> bool:
    """Whether a file that is rewritten already may hold a command to answer."""
    if not calls_ipython(module):
        return False
    return module.holds(marks.PREFIX, WRITTEN_MODULE)


class NotebookLines:
    """Answers the commands of one file.

    Attributes:
        rewritten: entries for the report.
        left: likewise.
        ignored: likewise.
    """

    def __init__(
        self, module: Module, code: bytes, changes: bool, selection: FileSelection
    ) -> None:
        self._old = list(_commands(module.tree))
        tree = ast.parse(code)
        self._uses_slim = _uses_slim(tree)
        self._is_new = changes or _is_new(code)
        self._answers = self._answered(tree)
        self.left: list[LeftAlone] = []
        self.ignored: list[LeftAlone] = []
        self.rewritten: list[Rewritten] = []
        for item in self._unread(module.tree):
            ignored = selection.ignores(item.code, item.line)
            (self.ignored if ignored else self.left).append(item)
        for index, (node, command, _) in enumerate(self._old[: len(self._answers)]):
            found = self._answers[index]
            if found != Answer(command) and selection.ignores(CODE, node.lineno):
                reason = found.reason or WOULD_CHANGE
                self.ignored.append(LeftAlone(node.lineno, API, CODE, reason, ADVICE))
                self._answers[index] = Answer(command)
                continue
            if found.command != command:
                note = "nothing in this file needs tf_slim any more"
                self.rewritten.append(Rewritten(node.lineno, API, CODE, NAME, note))
            if found.reason:
                self.left.append(LeftAlone(node.lineno, API, CODE, found.reason, ADVICE))

    def edited(self, code: bytes) -> bytes:
        """The file with the new commands, and with marks above those that stay."""
        if not self.rewritten and not any(found.reason for found in self._answers):
            return code
        done = _without_header(cst.parse_module(code)).visit(_Editor(self._answers))
        assert isinstance(done, cst.Module)
        return done.bytes

    def _answered(self, tree: ast.Module) -> list[Answer]:
        new = list(_commands(tree))
        if len(new) != len(self._old) or not self._is_new:
            return []
        return [answer(command, self._uses_slim) for _, command, _ in new]

    def _unread(self, tree: ast.Module) -> Iterator[LeftAlone]:
        for node in walk(tree):
            if not _is_of_ipython(node, ("run_cell_magic",)):
                continue
            assert isinstance(node, ast.Call)
            for keyword in node.keywords:
                if keyword.arg == "about" and isinstance(keyword.value, ast.Constant):
                    reason = UNREAD.format(name=keyword.value.value)
                    yield LeftAlone(node.lineno, UNREAD_API, UNREAD_CODE, reason, UNREAD_ADVICE)


def _commands(tree: ast.Module) -> Iterator[tuple[ast.stmt, str, str]]:
    """Statements that run a command, in order: with the command, and what stands before it."""
    found = []
    for node in walk(tree):
        if isinstance(node, ast.Expr) and _is_of_ipython(node.value, _METHODS):
            assert isinstance(node.value, ast.Call)
            words = [a.value for a in node.value.args if isinstance(a, ast.Constant)]
            command = _command(getattr(node.value.func, "attr", ""), words)
            if command is not None:
                found.append((node, *command))
    yield from sorted(found, key=lambda item: item[0].lineno)


def _command(method: str, words: Sequence[object]) -> tuple[str, str] | None:
    """A command, and its first word where that is the name of the magic."""
    texts = [word for word in words if isinstance(word, str)]
    if method == "system" and len(texts) == 1:
        return texts[0], ""
    of_magic = method == "run_line_magic" and len(texts) == 2
    if of_magic and texts[0] in (*_INSTALLERS, "tensorflow_version"):
        return f"{texts[0]} {texts[1]}", texts[0]
    return None


def _is_of_ipython(node: ast.AST, methods: tuple[str, ...]) -> bool:
    match node:
        case ast.Call(ast.Attribute(ast.Call(ast.Name("get_ipython"), [], []), method)):
            return method in methods
    return False


def _uses_slim(tree: ast.Module) -> bool:
    """Whether the new code imports slim, in whatever way, or holds a cell that names it."""
    for node in walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value] if node.value in ("tf_slim", "slim") else []
            names += [node.value] if node.value.startswith(("tf_slim.", "tensorflow.con")) else []
        elif isinstance(node, ast.Attribute) and node.attr == "contrib":
            names = ["tf_slim"]
        if any(is_slim(canonical(name) or "") or name == "slim" for name in names):
            return True
    return False


def _is_new(code: bytes) -> bool:
    """Whether an earlier run rewrote the code, as far as it shows."""
    return marks.PREFIX.encode() in code or WRITTEN_MODULE.encode() in code


def _without_header(tree: cst.Module) -> cst.Module:
    """The same code, with the comments before the first statement as that one's own."""
    first = tree.body[0] if tree.body else None
    if not isinstance(first, cst.SimpleStatementLine):
        return tree
    first = first.with_changes(leading_lines=[*tree.header, *first.leading_lines])
    return tree.with_changes(header=[], body=[first, *tree.body[1:]])


class _Editor(cst.CSTTransformer):
    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__()
        self._answers = iter(answers)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        lines = list(updated_node.leading_lines)
        body = list(updated_node.body)
        for index, small in enumerate(body):
            text = cst.Module([cst.SimpleStatementLine([small])]).code
            tree = ast.parse(text) if "get_ipython()." in text else None
            command = next(_commands(tree), None) if tree is not None else None
            if command is None:
                continue
            found = next(self._answers)
            if not found.command:
                return with_lost(updated_node, updated_node.with_changes(body=[Gone()]))
            if found.command != command[1]:
                new = found.command.removeprefix(f"{command[2]} ") if command[2] else found.command
                assert isinstance(small, cst.Expr) and isinstance(small.value, cst.Call)
                position = 1 if command[2] else 0
                args = list(small.value.args)
                args[position] = args[position].with_changes(value=cst.SimpleString(repr(new)))
                body[index] = small.with_changes(value=small.value.with_changes(args=args))
            if found.reason:
                lines = marks.add_marks(lines, [marks.mark(CODE, f"{found.reason}; {ADVICE}")])
        return updated_node.with_changes(body=body, leading_lines=lines)

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return without_gone(updated_node)

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return without_gone(updated_node)
