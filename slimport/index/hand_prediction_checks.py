"""Whether a block that restores a network and runs it can be a model that predicts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from slimport.index.blocks import assigned, call_of, leave_it, loaded
from slimport.index.hand_again import check_again
from slimport.index.hand_gradients import bound
from slimport.index.hand_inference import check_inference
from slimport.index.hand_lines import check_lines
from slimport.index.hand_lookups import check_lookups, makes_variables
from slimport.index.hand_loop import OF_THE_LOOP, HandLoop
from slimport.index.hand_loop_checks import HandLoopChecks
from slimport.index.hand_restores import AVERAGES, list_of
from slimport.index.hand_saver_uses import check_saver_uses
from slimport.index.hand_savers import check_savers
from slimport.index.hand_values import check_values
from slimport.index.late_lookups import check_lookups_by_hand
from slimport.index.metric_calls import METRIC_APIS
from slimport.index.program import Function, Program, closure_of
from slimport.index.resolve import InTree
from slimport.index.stays import Stays
from slimport.index.told_apart import NEEDS_A_GRAPH, is_run_on_request
from slimport.index.training import TRAIN_OP
from slimport.index.walking import walk

# Graphs that are read from files, what is initialized beside variables, what counts runs.
_NOWHERE = (
    *METRIC_APIS, "tf.GraphDef", "tf.contrib.lookup.", "tf.contrib.predictor.", "tf.gradients",
    "tf.import_graph_def", "tf.initialize_all_tables", "tf.initializers.tables",
    "slim.local_variable", "tf.lookup.", "tf.saved_model.", "tf.tables_initializer",
    "tf.train.import_meta_graph",
)  # fmt: skip


class PredictionChecks(HandLoopChecks):
    """Each check passes or raises `Stays`.

    Args:
        loop: What was read.
        program: The index.
    """

    _goes = (*OF_THE_LOOP, AVERAGES)

    def __init__(self, loop: HandLoop, program: Program) -> None:
        super().__init__(loop, program, {})

    def check(self) -> None:
        """All of them.

        Raises:
            Stays: Where something would be missing, or computed otherwise.
        """
        check_lines(self._loop)
        self._check_runs()
        self._check_restored()
        self._check_begun()
        self._check_asked()
        if leave_it(self._loop.of_loss):
            raise Stays("the statements of the network return, or leave a loop", self._first())
        check_lookups(self._loop.of_loss, self._function, self._program)
        check_lookups_by_hand(self._loop, self._program)
        self._check_changes()
        check_values(self._loop)
        self._check_own()
        self._check_names()
        self._check_graph()
        self._check_rest()
        check_inference(self._loop, self._program)
        check_again(self._loop, self._program)

    def _first(self) -> ast.stmt:
        return self._loop.of_loss[0]

    def _check_runs(self) -> None:
        loop = self._loop
        if not loop.inputs:
            raise Stays("no placeholder feeds it", self._operation)
        if not loop.of_loss or not loop.asked:
            raise Stays("the session runs nothing here", self._operation)
        if loop.merged or loop.writers:
            raise Stays("it writes summaries", [*loop.merged, *loop.writers][0])
        if loop.step_reads:
            raise Stays("it reads the global step", loop.step_reads[0])

    def _check_restored(self) -> None:
        """Something restores the network, of which nothing is made later, and nothing saves it."""
        loop = self._loop
        for found in loop.saves:
            call = call_of(found.statement)
            is_restore = call is not None and ast.unparse(call.func).endswith(".restore")
            if call is None or not is_restore or not isinstance(found.statement, ast.Expr):
                raise Stays("it saves variables, or uses what the saver gives", found.statement)
            given = [*call.args, *call.keywords]
            if len(given) != 2 or any(k.arg != "save_path" for k in call.keywords):
                raise Stays("what the saver is told has no equal", found.statement)
        if not loop.saves and not loop.restored:
            raise Stays("nothing restores its variables", self._operation)
        check_savers(loop, [s for s in loop.savers if s not in loop.gone])
        check_saver_uses(loop)
        lists = [list_of(saver, loop.block, loop.function) or saver for saver in loop.savers]
        for made in lists:
            for statement in (s for s in loop.of_loss if s.lineno > made.lineno):
                if makes_variables(statement, self._function, self._program):
                    raise Stays("variables are made after others are looked up", statement)

    def _check_asked(self) -> None:
        super()._check_asked()
        for found in self._loop.feeds:
            self._check_dictionary(found)

    def _check_dictionary(self, feed: ast.Assign) -> None:
        """A dictionary with a name is fed, and nothing is put into it elsewhere."""
        names = assigned(feed.targets)
        for node in walk(self._function.node):
            match node:
                case ast.Subscript(ast.Name(name)) | ast.Attribute(ast.Name(name)) if name in names:
                    raise Stays(f"{name} is used for something else", node)

    def _check_own(self) -> None:
        """No name of the network had a value before: in a function it would be another one."""
        of_loss, made = self._loop.of_loss, set[str]()
        for statement in of_loss:
            own = bound(of_loss) - made
            again = loaded([statement]) & own - bound_first(statement)
            if again:
                raise Stays(f"{min(again)} gets another value", statement)
            made |= bound([statement])

    def _check_graph(self) -> None:
        super()._check_graph()
        unseen = self._maybe_run()
        for function in (self._function, *self._others, *unseen):
            for reference in function.references:
                name = reference.api.name
                of_graph = function in unseen and name.startswith(NEEDS_A_GRAPH)
                if of_graph or name.startswith(_NOWHERE):
                    raise Stays(f"{name} needs a graph", reference.node)
                if name == TRAIN_OP or (
                    name.startswith("tf.train.") and name.endswith("Optimizer")
                ):
                    raise Stays("a function that it calls trains", self._first())
        for node in (n for function in unseen for n in walk(function.node)):
            if is_run_on_request(node):
                raise Stays("it runs what a session asks for", node)

    def _maybe_run(self) -> set[Function]:
        """Functions that may run where the network is built: methods, of classes that it makes."""
        made = {
            f"{meaning.qualname}.__init__": meaning.module
            for statement in self._loop.of_loss
            for node in walk(statement)
            if isinstance(node, ast.Call)
            and isinstance(
                meaning := self._program.resolve(node.func, self._function.module), InTree
            )
        }
        start = {
            function
            for name, module in made.items()
            for function in self._program.by_module[module]
            if function.qualname == name
        }
        return closure_of(start, lambda f: f.callees) - self._others - {self._function}

    def _values_named(self) -> list[ast.Name]:
        """Names that are bound anew below the network: ``scores = sess.run(scores, feed)``.

        What follows in the same block means the new value, as does the body of a loop.
        """
        loop, found = self._loop, list[ast.Name]()
        of_network = bound(loop.of_loss) - loop.inputs.keys()
        last = max(s.end_lineno or 0 for s in loop.of_loss)
        for block in _blocks(self._function.node):
            for position, statement in enumerate(block):
                names = {n.id for n in _targets(statement)} & of_network
                if not names or statement.lineno <= last:
                    continue
                later = block[position + 1 :]
                if isinstance(statement, ast.For):
                    later = [*statement.body, *later]
                nodes = [*_targets(statement), *(n for s in later for n in walk(s))]
                found += [n for n in nodes if isinstance(n, ast.Name) and n.id in names]
        return found


def of_network(reason: Stays) -> Stays:
    """The reason in the words of a network that predicts, of which the checks say a loss."""
    (text,) = reason.args
    text = text.replace("made beside the loss", "made of what is fed").replace(
        "the loss", "the network"
    )
    found = Stays(text)
    found.line, found.what = reason.line, "the prediction"
    return found


def bound_first(statement: ast.stmt) -> set[str]:
    """Names that a compound statement binds above where it uses them, such as a loop's."""
    found: dict[str, bool] = {}
    names = [node for node in walk(statement) if isinstance(node, ast.Name)]
    if isinstance(statement, ast.For | ast.With | ast.If | ast.While | ast.Try):
        for node in sorted(names, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store))):
            found.setdefault(node.id, isinstance(node.ctx, ast.Store))
    if isinstance(statement, ast.For):
        found |= {n.id: True for n in walk(statement.target) if isinstance(n, ast.Name)}
    return {name for name, is_bound in found.items() if is_bound}


def _targets(statement: ast.stmt) -> list[ast.Name]:
    """The names that an assignment or a loop binds, if it binds nothing else."""
    match statement:
        case ast.Assign([target]) | ast.For(target):
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            names = [part for part in parts if isinstance(part, ast.Name)]
            return names if len(names) == len(parts) else []
    return []


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements, the inner ones included."""
    for inner in walk(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(inner, name, None)
            if isinstance(block, list):
                yield block
