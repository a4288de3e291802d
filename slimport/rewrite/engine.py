"""Rewrites one file: reads what may change of it, has it visited, and edits what goes with that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import libcst as cst

from slimport.files.source import Source
from slimport.index.modules import Module
from slimport.index.program import Span
from slimport.python2.reasons import marked
from slimport.rewrite import always, python2, sessions
from slimport.rewrite.align import realign
from slimport.rewrite.file_result import FileResult, Need
from slimport.rewrite.holes import Holed, with_holes
from slimport.rewrite.ignored import ignored_entry
from slimport.rewrite.imports import ImportEditor
from slimport.rewrite.keeping import is_silent, places_that_may_change
from slimport.rewrite.legacy_imports import Kept
from slimport.rewrite.notebook_lines import NotebookLines, calls_ipython
from slimport.rewrite.outcomes import Outcomes
from slimport.rewrite.plan import Plan
from slimport.rewrite.positions import Positions
from slimport.rewrite.references import Misplaced
from slimport.rewrite.rewriter import HeldRewriter, Rewriter
from slimport.rewrite.selection import FileSelection
from slimport.rewrite.training_blocks import has_blocks
from slimport.rewrite.visiting import transformed


def rewrite_module(
    source: Source,
    module: Module,
    plan: Plan,
    written_module: str,
    needs: Collection[Need] = (),
    held: bool = False,
) -> FileResult:
    """Rewrites the file of `module`.

    Args:
        source: the file.
        module: its entry in the program's index.
        plan: decisions about the program's functions.
        written_module: dotted name under which this file imports the written module.
        needs: names of this file that what is left in others needs.
        held: only what stands alone may change; see `slimport.rewrite.held`.

    Raises:
        cst.ParserSyntaxError: libcst does not read it.
        Misplaced: libcst reads another file than `ast`, or does not give it back.
    """
    rewrite = FileRewrite(source, module, plan, written_module, needs)
    if held:
        return rewrite.held()
    return answered(rewrite.result(), source, module, plan.selection(module))


def answered(
    result: FileResult, source: Source, module: Module, selection: FileSelection
) -> FileResult:
    """The result with an answer to what a notebook installs."""
    if calls_ipython(module):
        lines = NotebookLines(module, result.code, result.code != source.data, selection)
        result.code = lines.edited(result.code)
        result.rewritten += lines.rewritten
        result.left += lines.left
        result.ignored += lines.ignored
    return result


@dataclass(frozen=True)
class FileRewrite:
    """The rewriting of one file; the fields are what `rewrite_module` is handed."""

    source: Source
    module: Module
    plan: Plan
    written_module: str
    needs: Collection[Need] = ()

    def result(self) -> FileResult:
        """What becomes of the file, but for what it installs."""
        done = None
        if not has_blocks(self.module, self.plan):
            places = places_that_may_change(self.module, self.plan)
            if not places and is_silent(self.module, self.plan):
                return FileResult(self.source.data)
            holed = self._holed(places)
            done = self._of_parts(holed) if holed is not None else None
        return self._rewritten(*self._whole()) if done is None else done

    def held(self) -> FileResult:
        """The file with nothing changed but what stands alone."""
        tree, positions = self._whole()
        rewriter, new = self._visited(HeldRewriter, tree, positions)
        result = rewriter.outcomes.result
        self._book_python2(tree, positions, rewriter.outcomes)
        result.code = python2.edited(new, self.module, self.plan.program, result).bytes
        return result

    def _whole(self) -> tuple[cst.Module, Positions]:
        """The tree of the whole file."""
        tree = cst.parse_module(self.source.data)
        positions = Positions(tree)
        _check_kept(positions, self.source.data, tree.encoding)
        return tree, positions

    def _holed(self, places: Collection[Span]) -> Holed | None:
        """The file without the statements in which nothing changes."""
        plain, functions = self.plan.plain, self.plan.program.by_module[self.module]
        scoping = [
            f for f in functions if any(r.api.name == "slim.arg_scope" for r in f.references)
        ]
        is_closed, is_plain = any(map(plain, scoping)), any(map(plain, functions))
        return with_holes(self.source, self.module, places, is_closed, plain=is_plain)

    def _of_parts(self, holed: Holed) -> FileResult | None:
        """What becomes of the file by the parts that change; None if the others do not fit in."""
        tree = cst.parse_module(holed.data)
        positions = Positions(tree, holed.lines, holed.replaced)
        _check_kept(positions, holed.data, tree.encoding)
        result = self._rewritten(tree, positions, holed.names)
        code = holed.filled(result.code)
        if code is None:
            return None
        result.code = code
        return result

    def _rewritten(
        self, source: cst.Module, positions: Positions, elsewhere: Collection[str] = ()
    ) -> FileResult:
        """What becomes of a tree; `elsewhere` are names that its file uses beside it."""
        module, plan = self.module, self.plan
        rewriter, tree = self._visited(Rewriter, source, positions)
        clash = rewriter.outcomes.kept_bases & rewriter.names.given()
        if clash:  # `from tf_slim import conv2d` stays, and its name was given away
            rewriter, tree = self._visited(Rewriter, source, positions, clash)
        rewriter.references.check_met()
        outcomes, result = rewriter.outcomes, rewriter.outcomes.result
        self._book_python2(source, positions, outcomes)
        start, keeps_names = plan.tf1_files.start(module), plan.tf1_files.keeps_tf1_names(module)
        result.rewritten += sessions.bookings(module, keeps_names, start)
        outcomes.book_ignored(rewriter.references.every())
        is_untouched = not (result.rewritten or result.left or result.ignored)
        if is_untouched and not rewriter.imports_slim():
            result.code = positions.code.encode(source.encoding)
            return result
        result.functions = plan.forms(module)
        result.notes += plan.why_loops_stay(module)
        result.notes += rewriter.services.warnings + always.notes(module, plan.program)
        self._finish(rewriter, tree, elsewhere)
        return result

    def _visited(
        self,
        kind: type[Rewriter],
        tree: cst.Module,
        positions: Positions,
        reserved: Collection[str] = (),
    ) -> tuple[Rewriter, cst.Module]:
        """The tree with the answers of rules in it, and the transformer that has asked them."""
        written_module, taken = self.written_module, set(reserved)
        rewriter = kind(self.module, self.plan, positions, written_module, taken)
        new = transformed(tree, rewriter)
        rewriter.outcomes.kept_bases |= rewriter.references.cut_out()
        return rewriter, new

    def _book_python2(self, tree: cst.Module, positions: Positions, outcomes: Outcomes) -> None:
        """Books what `python2.edited` is going to edit, and what it cannot."""
        result, ignores = outcomes.result, outcomes.selection.ignores
        if python2.imports_python2(self.module):
            imports = python2.Imports(self.module, self.plan.program, positions)
            transformed(tree, imports)
            found = [*map(ignored_entry, imports.rewritten), *imports.left]
            kept = {i.api for i in found if ignores(i.code, i.line)}
            result.ignored += [item for item in found if item.api in kept]
            result.rewritten += [item for item in imports.rewritten if item.api not in kept]
            result.left += [item for item in imports.left if item.api not in kept]
            result.ignored_imports = kept
        result.notes = python2.remarks(self.module, [*result.rewritten, *result.left])
        for item in marked(self.module.lines):
            (result.ignored if ignores(item.code, item.line) else result.left).append(item)

    def _finish(self, rewriter: Rewriter, tree: cst.Module, elsewhere: Collection[str]) -> None:
        """The code of a visited tree, with the imports that it needs now."""
        module, program, result = self.module, self.plan.program, rewriter.outcomes.result
        start = self.plan.tf1_files.start(module)
        switches = rewriter.services.switches() if start is not None else []
        kept = Kept(rewriter.outcomes.kept_bases, rewriter.outcomes.passed_on)
        kept.names |= {need.name for need in self.needs}
        kept.whole |= {need.name for need in self.needs if need.whole}
        editor = ImportEditor(rewriter.names, module, program, kept, elsewhere)
        tree = editor.edit(tree)
        if self.plan.tf1_files.keeps_tf1_names(module):
            tree = transformed(tree, sessions.NamesOfTf1())
        if start is not None:
            tree = sessions.with_graph_mode(tree, start, switches)
        tree = python2.edited(tree, module, program, result)
        result.code = realign(tree, rewriter.aligned).encode(tree.encoding)
        result.legacy = editor.legacy
        result.written_names = set(rewriter.names.written)


def _check_kept(positions: Positions, data: bytes, encoding: str) -> None:
    """libcst gives every file back as it was, but for some form feeds and single carriage returns.

    Raises:
        Misplaced: This one is not given back.
    """
    if positions.code.lstrip("\ufeff") != data.decode(encoding).lstrip("\ufeff"):
        raise Misplaced(
            "its white space cannot be kept: look for form feeds before an indentation, and for "
            "carriage returns without line feeds"
        )
