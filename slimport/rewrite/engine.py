"""Rewrites one file: bottom-up over the libcst tree, one rule per resolved reference."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import PurePosixPath
from typing import Any

import libcst as cst

from slimport import slim_api
from slimport.files.source import Source
from slimport.index.canonical import is_namespace, is_slim
from slimport.index.closed import LayerCall
from slimport.index.modules import Module
from slimport.index.names import Scope
from slimport.index.program import Function, Program, Reference, Span, closure_of
from slimport.index.resolve import Api, External
from slimport.index.training_always import Trains, meaning_of_true
from slimport.index.walking import all_of
from slimport.python2.reasons import marked
from slimport.report.model import FunctionForm, LeftAlone, Rewritten
from slimport.rewrite import aliases, always, marks, python2, sessions
from slimport.rewrite.align import aligned_calls, alignment, realign
from slimport.rewrite.blocks import local_names, on_one_line, unchained, without_items
from slimport.rewrite.comments import with_said
from slimport.rewrite.factories import Factory
from slimport.rewrite.fit_programs import is_global_step, may_have_sparse_gradients
from slimport.rewrite.hand_blocks import HandBlocks
from slimport.rewrite.holes import Holed, with_holes
from slimport.rewrite.identity import Comparisons
from slimport.rewrite.ignored import WOULD_CHANGE, acted_against, ignored_entry, not_asked
from slimport.rewrite.imports import ImportEditor, NameTable
from slimport.rewrite.keeping import Facts, is_alias, is_silent, places_that_may_change
from slimport.rewrite.legacy_imports import Kept
from slimport.rewrite.moved import with_keywords
from slimport.rewrite.notebook_lines import NotebookLines, calls_ipython
from slimport.rewrite.plain import PlainCall, Step
from slimport.rewrite.plain_norm import dictionary
from slimport.rewrite.plan import Plan
from slimport.rewrite.positions import Positions
from slimport.rewrite.registry import UNKNOWN_API, acting_rule, rule_for
from slimport.rewrite.rule import Keep, Leave, Outcome, Rule
from slimport.rewrite.selection import FileSelection
from slimport.rewrite.site import CallSite, ValueSite, dotted
from slimport.rewrite.tf1 import became, instead_of
from slimport.rewrite.training_blocks import TrainingBlocks, has_blocks
from slimport.rewrite.visiting import transformed

#: What may be a reference.
_DENOTING = (cst.Name, cst.Attribute, cst.Subscript)
_STATEMENTS = (cst.BaseStatement, cst.SimpleStatementLine)
# What else is looked at when it is left.
_LEFT = (cst.Call, cst.Comparison, cst.Module, cst.IndentedBlock)
# What is between the tokens.
_BETWEEN = (
    cst.BaseParenthesizableWhitespace, cst.Comma, cst.Dot, cst.AssignEqual, cst.LeftParen,
    cst.RightParen, cst.EmptyLine, cst.TrailingWhitespace, cst.Newline, cst.Comment,
)  # fmt: skip
# Nodes whose position is all that they are; decorators are outside of their function's.
_WITHIN_THEIR_TOKENS = (
    cst.BaseExpression,
    cst.Arg,
    cst.BaseSmallStatement,
    cst.SimpleStatementLine,
)


@dataclass(frozen=True)
class _Kind:
    """What matters of a class of nodes; to ask for it at each node would take most of the time."""

    is_call: bool
    is_value: bool
    is_comparison: bool
    is_statement: bool
    is_between: bool
    is_left_alone: bool
    is_within_its_tokens: bool


@cache
def _kind(node: type[cst.CSTNode]) -> _Kind:
    return _Kind(
        is_call=issubclass(node, cst.Call),
        is_value=issubclass(node, cst.Name | cst.Attribute | cst.Subscript),
        is_comparison=issubclass(node, cst.Comparison),
        is_statement=issubclass(node, _STATEMENTS),
        is_between=issubclass(node, _BETWEEN),
        is_left_alone=not issubclass(node, (*_DENOTING, *_STATEMENTS, *_LEFT)),
        is_within_its_tokens=issubclass(node, _WITHIN_THEIR_TOKENS),
    )


@dataclass(frozen=True)
class Need:
    """A name of a file that another file reaches something through which is left.

    Attributes:
        whole: it is passed on as a value there, so that nobody knows what is used of it.
    """

    path: PurePosixPath
    name: str
    whole: bool


@dataclass
class FileResult:
    """New code of one file and what to report about it.

    Attributes:
        legacy: names that stand for what `legacy_import` imports now.
        needs: names of other files that must stay.
        notes: remarks on the file for the report of the whole run.
        ignored: what a comment or the run's selection keeps from being marked or renamed.
        against: what was rewritten although it is ignored: the file must not be written so.
    """

    code: bytes
    rewritten: list[Rewritten] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    functions: list[FunctionForm] = field(default_factory=list)
    written_names: set[str] = field(default_factory=set)
    legacy: list[str] = field(default_factory=list)
    needs: set[Need] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    ignored: list[LeftAlone] = field(default_factory=list)
    against: list[LeftAlone] = field(default_factory=list)
    ignored_imports: set[str] = field(default_factory=set)


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
    """
    result = _rewritten_file(source, module, plan, written_module, needs, held)
    return result if held else answered(result, source, module, plan.selection(module))


def _rewritten_file(
    source: Source,
    module: Module,
    plan: Plan,
    written_module: str,
    needs: Collection[Need],
    held: bool,
) -> FileResult:
    """What becomes of a file, but for what it installs."""
    holed = None
    if not held and not has_blocks(module, plan):
        places = places_that_may_change(module, plan)
        if not places and is_silent(module, plan):
            return FileResult(source.data)
        holed = _holed(source, module, plan, places)
    if holed is not None:
        tree = cst.parse_module(holed.data)
        positions = Positions(tree, holed.lines, holed.replaced)
        _check_kept(positions, holed.data, tree.encoding)
        result = _rewritten(tree, positions, module, plan, written_module, needs, holed.names)
        code = holed.filled(result.code)
        if code is not None:
            result.code = code
            return result
    tree = cst.parse_module(source.data)
    positions = Positions(tree)
    _check_kept(positions, source.data, tree.encoding)
    if held:
        return _rewrite_held(tree, module, plan, positions, written_module)
    return _rewritten(tree, positions, module, plan, written_module, needs)


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


class Misplaced(Exception):
    """libcst and `ast` do not read the same file; nothing may be done to it."""


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


def _holed(source: Source, module: Module, plan: Plan, places: Collection[Span]) -> Holed | None:
    functions = plan.program.by_module[module]
    scoping = [f for f in functions if any(r.api.name == "slim.arg_scope" for r in f.references)]
    closed, plain = any(map(plan.plain, scoping)), any(map(plan.plain, functions))
    return with_holes(source, module, places, closed, plain=plain)


def _rewritten(
    source: cst.Module,
    positions: Positions,
    module: Module,
    plan: Plan,
    written_module: str,
    needs: Collection[Need],
    elsewhere: Collection[str] = (),
) -> FileResult:
    """What becomes of a tree; `elsewhere` are names that its file uses beside it."""
    rewriter = _Rewriter(module, plan, positions, written_module, set())
    tree = transformed(source, rewriter)
    rewriter.kept_bases |= rewriter.cut_out()
    clash = rewriter.kept_bases & rewriter.names.given()
    if clash:  # `from tf_slim import conv2d` stays, and its name was given away
        rewriter = _Rewriter(module, plan, positions, written_module, clash)
        tree = transformed(source, rewriter)
    rewriter.check_met()
    _note_python2(rewriter, source, positions)
    start, keeps_names = plan.tf1_files.start(module), plan.tf1_files.keeps_tf1_names(module)
    rewriter.result.rewritten += sessions.bookings(module, keeps_names, start)
    rewriter.book_ignored()
    untouched = not rewriter.result.rewritten and not rewriter.result.left
    if untouched and not rewriter.result.ignored and not rewriter.imports_slim():
        rewriter.result.code = positions.code.encode(source.encoding)
        return rewriter.result
    switches = rewriter.services.switches() if start is not None else []
    kept = Kept(rewriter.kept_bases, rewriter.passed_on)
    kept.names |= {need.name for need in needs}
    kept.whole |= {need.name for need in needs if need.whole}
    editor = ImportEditor(rewriter.names, module, plan.program, kept, elsewhere)
    tree = editor.edit(tree)
    if keeps_names:
        tree = transformed(tree, sessions.NamesOfTf1())
    if start is not None:
        tree = sessions.with_graph_mode(tree, start, switches)
    tree = python2.edited(tree, module, plan.program, rewriter.result)
    rewriter.result.code = realign(tree, rewriter.aligned).encode(tree.encoding)
    rewriter.result.legacy = editor.legacy
    rewriter.result.written_names = set(rewriter.names.written)
    rewriter.result.functions = plan.forms(module)
    rewriter.result.notes += plan.why_loops_stay(module)
    rewriter.result.notes += rewriter.services.warnings + always.notes(module, plan.program)
    return rewriter.result


def _rewrite_held(
    tree: cst.Module,
    module: Module,
    plan: Plan,
    positions: Positions,
    written_module: str,
) -> FileResult:
    """The file with nothing changed but what stands alone."""
    rewriter = _HeldRewriter(module, plan, positions, written_module, set())
    new = transformed(tree, rewriter)
    _note_python2(rewriter, tree, positions)
    new = python2.edited(new, module, plan.program, rewriter.result)
    rewriter.result.code = new.bytes
    return rewriter.result


def _note_python2(rewriter: _Rewriter, tree: cst.Module, positions: Positions) -> None:
    """Books what `python2.edited` is going to edit, and what it cannot."""
    module, result = rewriter.names.module, rewriter.result
    if python2.imports_python2(module):
        imports = python2.Imports(module, rewriter.program, positions)
        transformed(tree, imports)
        found = [*map(ignored_entry, imports.rewritten), *imports.left]
        kept = {i.api for i in found if rewriter.selection.ignores(i.code, i.line)}
        result.ignored += [item for item in found if item.api in kept]
        result.rewritten += [item for item in imports.rewritten if item.api not in kept]
        result.left += [item for item in imports.left if item.api not in kept]
        result.ignored_imports = kept
    result.notes = python2.remarks(module, [*result.rewritten, *result.left])
    for item in marked(module.lines):
        ignored_here = rewriter.selection.ignores(item.code, item.line)
        (result.ignored if ignored_here else result.left).append(item)


def _is_inner(scope: Scope) -> bool:
    """Whether it is of a function inside of another, or of an expression that may run later."""
    if isinstance(scope.node, ast.Lambda | ast.GeneratorExp):
        return True
    return (
        scope.function() is scope.node
        and scope.parent is not None
        and (scope.parent.function() is not None)
    )


def _nowhere(name: str, advice: str) -> Leave:
    return Leave(f"{name} is not part of TensorFlow 2", advice)


def _is_marked(site: CallSite | ValueSite) -> bool:
    """Whether a mark above the statement speaks of this very symbol."""
    lines = (getattr(node, "leading_lines", None) for node in reversed(site.path))
    above = next((found for found in lines if found is not None), ())
    return marks.speak_of(above, site.reference.api.name)


def _stretch(reference: Reference) -> tuple[int, int, int, int]:
    """Where a reference is, for the report: columns from 1."""
    line, column, end_line, end_column = reference.span
    return line, column + 1, end_line, end_column + 1


class _Services(Facts):
    """The file as a rule may use it (`slimport.rewrite.site.FileServices`)."""

    def __init__(self, names: NameTable, module: Module, plan: Plan) -> None:
        super().__init__(module, plan)
        self._names = names
        self._module = module
        self._plan = plan
        self.remarks: list[str] = []
        self.warnings: list[str] = []

    def written(self, name: str) -> cst.BaseExpression:
        return cst.Name(self._names.from_written(name))

    def keras(self, name: str) -> cst.BaseExpression:
        return dotted(f"{self._names.keras()}.{name}")

    def tensorflow(self, name: str, spelled: str) -> cst.BaseExpression:
        module = self._names.tensorflow(spelled, either=name.startswith("compat."))
        keeps_names = self._plan.tf1_files.keeps_tf1_names(self._module)
        if keeps_names or self._names.means_tf1(module):
            name = name.removeprefix("compat.v1.")
        return dotted(f"{module}.{name}")

    def switches(self) -> list[cst.Call]:
        """The calls that turn eager execution off; their name is spoken for from now on."""
        self._names.spoken_for.add(self._names.tensorflow("tensorflow", either=True))
        names = ["disable_v2_behavior"]
        if self._plan.reads_sizes(self._module):
            names.append("enable_v2_tensorshape")
        return [cst.Call(self.tensorflow(f"compat.v1.{name}", "tensorflow")) for name in names]

    def plain(self, function: Function) -> bool:
        return self._plan.plain(function)

    def builds(self, function: Function) -> bool:
        return function in self._plan.program.building or self._built(function)

    def scopes_layers(self, function: Function) -> bool:
        return function in self._plan.program.scoping

    def _built(self, function: Function) -> bool:
        """Whether it makes layers since an earlier run, which has left something of the file."""
        return function in self._plan.program.built and self.is_tf1()

    def scopes_migrated_layers(self, function: Function) -> bool:
        return function in self._plan.program.around_rewritten

    def builds_file(self) -> bool:
        functions = self._plan.program.by_module[self._module]
        return any(map(self.builds, functions))

    def builds_program(self) -> bool:
        program = self._plan.program
        near = program.connected(self._module)
        return any(self.builds(f) for module in near for f in program.by_module[module])

    def is_builtin(self, name: str, scope: Scope) -> bool:
        stars = closure_of([self._module], lambda m: self._plan.program.star_imports[m])
        bound = any(name in m.scope.bindings for m in stars - {self._module})
        return not bound and scope.lookup(name) is None

    def denotes(self, node: ast.expr, dotted: str) -> bool:
        return self._plan.program.resolve(node, self._module) == External(dotted)

    def is_patched(self, api: str) -> bool:
        return api in self._plan.patched

    def only_in_graphs(self, function: Function) -> bool:
        return self._plan.tf1_files.only_in_graphs(function)

    def runs_sessions(self) -> bool:
        return self._plan.tf1_files.runs_sessions(self._module)

    def restores_layers(self) -> bool:
        return self.runs_sessions() and self._plan.layer_programs.holds(self._module)

    def trains_with_fit(self) -> bool:
        return self._plan.trains_with_fit(self._module)

    def kinds(self) -> frozenset[str]:
        return self._plan.kinds(self._module)

    def is_global_step(self, node: ast.expr, function: Function) -> bool:
        loop = self._plan.hand_loops.get(function)
        if loop is not None and isinstance(node, ast.Name) and node.id in loop.steps:
            return True
        return is_global_step(node, function, self._plan.program)

    def is_of_step_schedule(self, node: ast.AST | None) -> bool:
        return id(node) in self._plan.of_step_schedules

    def is_schedule(self, node: ast.expr, function: Function) -> bool:
        training = self._plan.trainings.get(function)
        if training is None or not isinstance(node, ast.Name):
            return False
        return training.rates.names(node.id)

    def may_have_sparse_gradients(self) -> bool:
        return may_have_sparse_gradients(self._module, self._plan.program)

    def is_called(self, reference: Reference, function: Function) -> bool:
        return self._plan.called_initializers.has(reference, function)

    def is_of_loss(self, function: Function) -> bool:
        return function in self._plan.of_losses

    def summary_kind(self, call: ast.Call | None) -> str:
        return self._plan.summary_kinds.get(call, "") if call is not None else ""

    def why_on_sessions(self, function: Function) -> str:
        return self._plan.stays.get(function, "")

    def is_fed_rate(self, node: ast.expr, function: Function) -> bool:
        loop = self._plan.hand_loops.get(function)
        return loop is not None and isinstance(node, ast.Name) and node.id == loop.rate

    def tf1(self, site: CallSite | ValueSite) -> Outcome:
        reference = site.reference
        if self.keeps_tf1(reference):
            return Keep()
        old = reference.api.name.removeprefix("tf.")
        now = became(old, reference.call)
        if now.kind == "unknown":
            return _nowhere(reference.api.name, instead_of(old))
        if _is_marked(site):
            return Keep()  # an earlier run has left it, for a reason that does not show any more
        name = self.tensorflow(now.name, reference.api.spelled)
        if not isinstance(site, CallSite):
            return name
        return site.node.with_changes(func=name, args=with_keywords(site.node, now.keywords))

    def trains(self, node: ast.expr, function: Function) -> Trains:
        return meaning_of_true(node, function, self._plan.program)

    def note(self, text: str) -> None:
        self.remarks.append(text)

    def warn(self, line: int, text: str) -> None:
        self.warnings.append(f"{self._module.path}:{line}: {text}")


class _Rewriter(cst.CSTTransformer):
    def __init__(
        self,
        module: Module,
        plan: Plan,
        positions: Positions,
        written_module: str,
        reserved: set[str],
    ) -> None:
        super().__init__()
        self.plan = plan
        self.program: Program = plan.program
        self.positions = positions
        local = {factory.name for factory in plan.factories(module).values()}
        self.names = NameTable(module, plan.program, written_module, local | reserved)
        self.services = _Services(self.names, module, plan)
        self.result = FileResult(b"")
        self.selection: FileSelection = plan.selection(module)
        self.answered: set[Span] = set()
        self.kept_bases: set[str] = set()
        self.passed_on: set[str] = set()
        self._lines = module.lines
        self.aligned = aligned_calls(positions, module.lines)
        self._alive: list[cst.CSTNode] = []  # ids stay unique while their nodes live
        self._pending: list[list[str | marks.Accepted]] = [[]]
        self._chains: dict[int, tuple[cst.BaseExpression, list[Step]]] = {}
        self._factories: dict[ast.Call, dict[Factory, LayerCall]] = {}
        self._scope_values: dict[ast.Call, dict[str, cst.BaseExpression]] = {}
        self._callees: set[int] = set()
        self._path: list[cst.CSTNode] = []
        self._comparisons = Comparisons(module, plan)
        self._training = TrainingBlocks(module, plan, self.services, positions)
        self._loops = HandBlocks(module, plan, self.services, positions)
        self._references: dict[Span, tuple[Reference, Function]] = {
            reference.span: (reference, function)
            for function in plan.program.by_module[module]
            for reference in function.references
        }
        self._met: set[Span] = set()
        self._tokens: list[int] | None = None
        self._begin()

    def _begin(self) -> None:
        """Books the blocks that become others; without any only references need a visit."""
        self.result.rewritten.extend([*self._training.entries(), *self._loops.entries()])
        if self._training.is_idle and self._loops.is_idle:
            places = (span[:2] for span in (*self._references, *self._comparisons))
            self._tokens = self.positions.tokens_at(places)

    # Dispatch ---------------------------------------------------------------------------------

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._path.append(node)
        kind = _kind(type(node))
        if kind.is_between:
            return False
        if kind.is_call:
            self._callees.add(id(cst.ensure_type(node, cst.Call).func))
        elif kind.is_statement:
            self._pending.append([])
        elif kind.is_comparison and self._span(node) in self._comparisons:
            return False
        if self._tokens is None or not kind.is_within_its_tokens:
            return True
        return self.positions.holds(node, self._tokens)

    def on_leave(
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> Any:  # libcst's own annotation ties the result to the node's class
        self._path.pop()
        kind = _kind(type(original_node))
        result: cst.CSTNode = updated_node
        if kind.is_left_alone:
            return result
        if kind.is_value:
            result = self._value(original_node, updated_node)
        elif kind.is_call:
            call = cst.ensure_type(original_node, cst.Call)
            result = self._call(call, cst.ensure_type(updated_node, cst.Call))
            self._remember_alignment(call, result)
        elif kind.is_statement:
            return self._left(original_node, self._statement(original_node, updated_node))
        elif isinstance(original_node, cst.Comparison):
            result = self._comparison(original_node, updated_node)
        elif isinstance(original_node, cst.Module):
            assert isinstance(updated_node, cst.Module)
            result = self._loops.module(updated_node)
        elif isinstance(original_node, cst.IndentedBlock):
            assert isinstance(updated_node, cst.IndentedBlock)
            result = self._loops.block(self._training.block(original_node, updated_node))
        return result

    def _left(self, original: cst.CSTNode, result: cst.CSTNode) -> Any:
        """What a statement becomes by what was found in it."""
        if isinstance(result, cst.SimpleStatementLine):
            replaced = self._loops.statement(original, result)
            return replaced if replaced is not result else self._unchained(result)
        if isinstance(original, cst.With) and isinstance(result, cst.With):
            scopes = self._plain_scopes(original)
            definitions = self._definitions(scopes)
            return without_items(result, [s is not None for s in scopes], definitions)
        if isinstance(original, cst.FunctionDef):
            assert isinstance(result, cst.FunctionDef)
            return self._loops.function(original, self._training.function(original, result))
        if isinstance(original, cst.Try | cst.While):
            assert isinstance(result, cst.Try | cst.While)
            return self._loops.compound(original, result)
        return result

    def _unchained(
        self, line: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if id(getattr(line.body[0], "value", None)) not in self._chains:  # as nearly all are
            return line
        functions = [node for node in self._path if isinstance(node, cst.FunctionDef)]
        may_bind = set(local_names(functions[-1])) - self._captured if functions else set()
        if any(isinstance(node, cst.Try | cst.TryStar) for node in self._path):
            may_bind = set()
        return unchained(line, self._chains, may_bind)

    @cached_property
    def _captured(self) -> set[str]:
        """Names that functions inside of others read, as far as their name tells."""
        module = self.names.module
        inner = (scope for scope in module.all_scopes() if _is_inner(scope))
        return {node.id for scope in inner for node in all_of(scope.node, ast.Name)}

    def _definitions(self, scopes: list[ast.Call | None]) -> list[cst.BaseStatement]:
        """The factories that are defined where these scopes were opened."""
        found = []
        for scope in scopes:
            for factory, layer in self._factories.pop(scope, {}).items() if scope else ():
                values = self._from_scopes(layer.from_scope)
                call = PlainCall(layer, values, self.services, 0)
                found.append(factory.definition(call))
        return found

    def _plain_scopes(self, node: cst.With) -> list[ast.Call | None]:
        """For each item of a `with` the arg_scope whose defaults went into its calls."""
        found = [
            self._lookup(item.item.func) if isinstance(item.item, cst.Call) else None
            for item in node.items
        ]
        calls = [f[0].call if f is not None else None for f in found]
        return [call if call in self._scope_values else None for call in calls]

    def imports_slim(self) -> bool:
        """Whether some name of the file still stands for slim, used or not."""
        return any(is_slim(name) for name in self.program.imported_apis(self.names.module))

    def _remember_alignment(self, original: cst.Call, result: cst.CSTNode) -> None:
        if isinstance(result, cst.Call):
            span, function = self.positions[original], self.positions[original.func]
            if depth := alignment(original, span, function, self._lines):
                self.aligned[id(result)] = depth
                self._alive.append(result)

    def _span(self, node: cst.CSTNode) -> Span | None:
        return self.positions.span(node) if node in self.positions else None

    def _lookup(self, node: cst.CSTNode) -> tuple[Reference, Function] | None:
        span = self._span(node)
        found = self._references.get(span) if span is not None else None
        if found is not None and span is not None:
            self._met.add(span)
        return found

    def cut_out(self) -> set[str]:
        """The names through which references are kept that are not in the tree."""
        left_out = [s for s in self._references.keys() - self._met if not self._has_line(s)]
        kept = [self._references[span][0] for span in left_out]
        return {reference.base for reference in kept if not self._is_alias(reference)}

    def _has_line(self, span: Span) -> bool:
        return self.positions.has_line(span[0])

    def check_met(self) -> None:
        """Every reference that `ast` has seen has its node, or is cut out of what libcst reads.

        Raises:
            Misplaced: One has none: it would stay without a mark.
        """
        missing = {s for s in self._references.keys() - self._met if self._has_line(s)}
        if missing:  # a block that was replaced as a whole does not ask for what is in it
            kinds = (*_DENOTING, cst.Call)
            missing -= {self._span(node) for node in self.positions if isinstance(node, kinds)}
        for span in missing:
            name = self._references[span][0].api.name
            raise Misplaced(f"line {span[0]}: {name} is not where it seems to be")

    def _call(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression:
        number = self._training.number(original, node)
        if number is not None:
            return number
        node = self._training.call(original, node)
        value = self._loops.call(original, node)
        if value is not node:
            return value
        pattern = self._lookup(original)
        if pattern is not None and pattern[0].call is None:
            return self._apply_value(*pattern, original, node)
        found = self._lookup(original.func)
        if found is None:
            return node
        reference, function = found
        if is_namespace(reference.api.name) or self._is_member_of_alias(reference):
            self.answered.add(reference.span)
            return node
        if reference.api.doubt:
            return self._doubted(reference, node)
        if self._training.replaces(reference) or self._loops.replaces(reference):
            return node
        plain = self._plain(reference, function, node)
        if plain is not None:
            return plain
        site = CallSite(
            reference, function, self.services, tuple(self._path), node, self._is_alias(reference)
        )
        return self._settle(site.reference, node, lambda rule: rule.call(site))

    def _plain(
        self, reference: Reference, function: Function, node: cst.Call
    ) -> cst.BaseExpression | None:
        """The call in plain form where its function takes that form."""
        assert reference.call is not None
        if not self.plan.plain(function):
            return None
        if reference.api.name == "slim.arg_scope":
            self._scope_values[reference.call] = {
                a.keyword.value: a.value for a in node.args if a.keyword
            }
            return node
        layer = self.plan.layer(function, reference.call)
        if layer is None:
            return None
        arguments = self._from_scopes(layer.from_scope)
        signature = slim_api.signature(reference.api.name.removeprefix("slim."))
        assert signature is not None
        for position, argument in enumerate(node.args):
            name = argument.keyword.value if argument.keyword else signature.parameters[position]
            arguments[name] = argument.value
        normalizer = self._from_scopes(layer.normalizer_defaults)
        normalizer.update(dictionary(arguments.get("normalizer_params")))
        call = PlainCall(layer, arguments, self.services, reference.span[1], normalizer)
        factory = self.plan.factory(function, reference.call)
        if factory is not None:
            self._factories.setdefault(factory.scope, {})[factory] = layer
            return self._settle(reference, node, lambda rule: factory.call(call))
        return self._chained(
            self._settle(reference, node, lambda rule: rule.plain(call)), call.steps
        )

    def _from_scopes(self, origin: Mapping[str, ast.Call]) -> dict[str, cst.BaseExpression]:
        """New code of the values that arg_scopes supply."""
        return {
            name: on_one_line(self._scope_values[scope][name]) for name, scope in origin.items()
        }

    def _chained(self, first: cst.BaseExpression, steps: list[Step]) -> cst.BaseExpression:
        """The steps applied to the first layer, remembered for the statement around them."""
        done = first
        for step in steps:
            done = step(done)
        if steps:
            self._chains[id(done)] = (first, steps)
            self._alive.append(done)
        return done

    def _comparison(self, original: cst.Comparison, node: cst.CSTNode) -> cst.CSTNode:
        span = self._span(original)
        if span is None or span not in self._comparisons:
            return node
        value, entry, comment = self._comparisons.replaced(original, span)
        self.result.rewritten.append(entry)
        self._pending[-1].append(comment)
        return value

    def _value(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        if id(original) in self._callees:
            return node
        found = self._lookup(original)
        if found is None or not isinstance(node, cst.BaseExpression):
            return node
        return self._apply_value(*found, original, node)

    def _apply_value(
        self,
        reference: Reference,
        function: Function,
        original: cst.CSTNode,
        node: cst.BaseExpression,
    ) -> cst.BaseExpression:
        if self._is_alias(reference):
            self.answered.add(reference.span)
            return node
        if is_namespace(reference.api.name):
            return self._namespace(reference, node)
        if reference.api.doubt:
            return self._doubted(reference, node)
        site = ValueSite(reference, function, self.services, tuple(self._path), node)
        return self._settle(reference, node, lambda rule: rule.value(site))

    def _is_doubtful(self, node: cst.CSTNode, reference: Reference) -> bool:
        """Whether a name that an assignment binds may be something else where it is used."""
        resolve, module = self.program.resolver.name, self.names.module
        meanings = [resolve(name, reference.scope, module) for name in _bound_by(node)]
        return any(isinstance(meaning, Api) and meaning.doubt for meaning in meanings)

    def _doubted(
        self, reference: Reference, node: cst.BaseExpression, bound_by: cst.CSTNode | None = None
    ) -> cst.BaseExpression:
        if self.program.resolver.is_patched(reference.api.name, self.names.module):
            patched = f"{reference.api.name} is assigned anew in this program, or deleted"
            leave = Leave(patched, "give that function another name")
        else:
            names = sorted(_bound_by(bound_by)) if bound_by is not None else [reference.base]
            unclear = f"{', '.join(names)} may be something else here, or none"
            leave = Leave(unclear, "import it once, without a condition")
        self._leave(reference, UNKNOWN_API, leave)
        return node

    def _namespace(self, reference: Reference, node: cst.BaseExpression) -> cst.BaseExpression:
        """A module used as a value: ``slim = tf.contrib.slim`` goes with the imports."""
        parent = self._path[-1]
        in_class = reference.scope.is_class  # reached by attributes, which nobody follows
        is_alias = (
            isinstance(parent, cst.Assign)
            and not in_class
            and all(
                isinstance(target.target, cst.Name)
                and self._is_module(target.target.value, reference)
                for target in parent.targets
            )
        )
        if is_slim(reference.api.name) and not is_alias:
            reason = f"the module {reference.api.name} is passed on as a value"
            self.passed_on.add(reference.base)
            if in_class:
                self.kept_bases |= _bound_by(parent)
            self._leave(reference, UNKNOWN_API, Leave(reason, "pass on what is used of it"))
        elif not is_alias:
            self.kept_bases.add(reference.base)
        elif is_slim(reference.api.name) and self._is_doubtful(parent, reference):
            return self._doubted(reference, node, parent)
        else:
            return self._compat_module(parent, reference, node)
        return node

    def _compat_module(
        self, parent: cst.CSTNode, reference: Reference, node: cst.BaseExpression
    ) -> cst.BaseExpression:
        """What ``flags = tf.app.flags`` becomes, if the name stays."""
        assert isinstance(parent, cst.Assign)
        names = {getattr(target.target, "value", "") for target in parent.targets}
        modules = self.plan.compat_aliases(self.names.module)
        found = next((modules[name] for name in names if name in modules), None)
        if found is None:
            return node
        line, api = reference.span[0], reference.api.name
        self.result.rewritten.append(Rewritten(line, api, aliases.CODE, aliases.NAME))
        return self.services.tensorflow(f"compat.v1.{found}", reference.api.spelled)

    def _is_module(self, name: str, reference: Reference) -> bool:
        """Whether a name is known to be a module's, so that its uses were followed."""
        meaning = self.program.resolver.name(name, reference.scope, self.names.module)
        return isinstance(meaning, Api) and is_namespace(meaning.name)

    def _settle(
        self,
        reference: Reference,
        node: cst.BaseExpression,
        apply: Callable[[Rule], Outcome],
    ) -> cst.BaseExpression:
        """Applies the rule, books the result, and returns the code that stands there now."""
        api = reference.api.name
        self.answered.add(reference.span)
        rule = acting_rule(api, self.services.kinds())
        if rule is None:
            if is_slim(api):
                advice = "rewrite it by hand, or open an issue that names the API"
                self._leave(reference, UNKNOWN_API, Leave(f"no rule covers {api}", advice))
            self.kept_bases.add(reference.base)
            return node
        self.services.remarks = []
        outcome = apply(rule)
        if isinstance(outcome, Leave):
            self._leave(reference, rule.code, outcome)
            return node
        if isinstance(outcome, Keep):
            self.kept_bases.add(reference.base)
            return node
        line, column, end, last = _stretch(reference)
        if rule.alone and self.selection.ignores(rule.code, line):
            self.kept_bases.add(reference.base)
            self.result.ignored.append(
                LeftAlone(line, api, rule.code, WOULD_CHANGE, "", column, end, last)
            )
            return node
        note = "; ".join(self.services.remarks)
        self.result.rewritten.append(
            Rewritten(line, api, rule.code, rule.name, note, column, end, last)
        )
        return outcome

    def _leave(self, reference: Reference, code: str, leave: Leave) -> None:
        self.answered.add(reference.span)
        self.kept_bases.add(reference.base)
        line, column, end, last = _stretch(reference)
        api = reference.api.name
        left = LeftAlone(line, api, code, leave.reason, leave.advice, column, end, last)
        ignored = self.selection.ignores(code, line)
        (self.result.ignored if ignored else self.result.left).append(left)
        for owner, name in self._through(reference):
            self.result.needs.add(Need(owner.path, name, reference.base in self.passed_on))
        text = f"{leave.reason}; {leave.advice}" if leave.advice else leave.reason
        mark = marks.mark(code, text)
        self._pending[-1].append(marks.Accepted(mark) if ignored else mark)

    def _through(self, reference: Reference) -> set[tuple[Module, str]]:
        """Names of other files that lead to what is left here."""
        module = self.names.module
        found = self.program.resolver.through(reference.node, reference.scope, module)
        return {(owner, name) for owner, name in found if owner is not module}

    def _is_alias(self, reference: Reference) -> bool:
        return is_alias(reference, self.names.module, self.program)

    def _is_member_of_alias(self, reference: Reference) -> bool:
        """``FLAGS = tf.flags.FLAGS`` makes ``FLAGS.steps`` right as soon as the first line is."""
        return isinstance(reference.node, ast.Attribute) and self._is_alias(reference)

    def book_ignored(self) -> None:
        """Books what has changed although it is ignored."""
        if self.selection:
            every = [reference for reference, _ in self._references.values()]
            unasked = not_asked([r for r in every if r.span not in self.answered])
            self.result.against = acted_against(self.selection, self.result.rewritten, unasked)

    # Marks ------------------------------------------------------------------------------------

    def _statement(self, original: cst.CSTNode, node: cst.CSTNode) -> cst.CSTNode:
        texts = self._pending.pop()
        if node is not original and self._may_lose_comments(original, node):
            node = with_said(original, node)
        if not texts:
            return node
        lines = getattr(node, "leading_lines", None)
        if lines is None:  # a suite on the line of its colon: mark the statement around it
            self._pending[-1].extend(texts)
            return node
        file = self._path[0]
        is_first = isinstance(file, cst.Module) and file.body[0] is original
        above = file.header if isinstance(file, cst.Module) and is_first else ()
        indent = marks.indent_of(self._path)
        return node.with_changes(leading_lines=marks.add_marks(lines, texts, above, indent))

    def _may_lose_comments(self, original: cst.CSTNode, node: cst.CSTNode) -> bool:
        """Whether a statement's lines, without the blocks below it, have comments to look for."""
        if not self.positions.spans_lines(original):
            return False
        same = all(
            getattr(node, name, None) is getattr(original, name, None)
            for name in ("leading_lines", "trailing_whitespace", "decorators")
        )
        return not same or self.positions.has_comment(original, getattr(original, "body", None))


class _HeldRewriter(_Rewriter):
    """Of a file that stays: only rules act whose references stand alone."""

    def _begin(self) -> None:
        """No block becomes another, and all is visited."""

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> Any:
        self._path.pop()
        if isinstance(original_node, cst.Call):
            assert isinstance(updated_node, cst.Call)
            return self._call(original_node, updated_node)
        if isinstance(original_node, cst.Name | cst.Attribute | cst.Subscript):
            return self._value(original_node, updated_node)
        if isinstance(original_node, cst.BaseStatement | cst.SimpleStatementLine):
            return self._statement(original_node, updated_node)
        return updated_node

    def _call(self, original: cst.Call, node: cst.Call) -> cst.BaseExpression:
        pattern, found = self._lookup(original), self._lookup(original.func)
        if pattern is not None and pattern[0].call is None:
            return self._apply_value(*pattern, original, node)
        if found is None or not _is_alone(found[0]) or self._is_member_of_alias(found[0]):
            return node
        reference, function = found
        is_alias = self._is_alias(reference)
        site = CallSite(reference, function, self.services, tuple(self._path), node, is_alias)
        return self._settle(reference, node, lambda rule: rule.call(site))

    def _apply_value(
        self,
        reference: Reference,
        function: Function,
        original: cst.CSTNode,
        node: cst.BaseExpression,
    ) -> cst.BaseExpression:
        if not _is_alone(reference):
            return node
        return super()._apply_value(reference, function, original, node)


def _is_alone(reference: Reference) -> bool:
    rule = rule_for(reference.api.name)
    return rule is not None and rule.alone and not reference.api.doubt


def _bound_by(node: cst.CSTNode) -> set[str]:
    """The names that an assignment or an import binds."""
    if isinstance(node, cst.Assign):
        return {getattr(target.target, "value", "") for target in node.targets}
    if isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        return {alias.evaluated_alias or alias.evaluated_name for alias in node.names}
    return set()
