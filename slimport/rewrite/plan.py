"""Decisions about the program's functions, made once before any file is rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from slimport.index.blocks import called
from slimport.index.called_initializers import CalledInitializers
from slimport.index.canonical import is_slim
from slimport.index.clones import CloneTraining
from slimport.index.closed import Closure, LayerCall, closures, share_reasons
from slimport.index.evaluation_block import Evaluation
from slimport.index.evaluations import evaluations
from slimport.index.float_types import with_other_floats
from slimport.index.global_steps import PassedStep
from slimport.index.graph_lookups import GraphLookups
from slimport.index.hand_loop import HandLoop
from slimport.index.hand_loops import hand_loops
from slimport.index.identity import tensor_comparisons
from slimport.index.layer_programs import LayerPrograms
from slimport.index.modules import Module
from slimport.index.numpy_operands import numpy_operands
from slimport.index.patched import patched_names
from slimport.index.pipelines import Pipeline, pipelines
from slimport.index.plain_training import PlainTraining, plain_training
from slimport.index.program import Function, Program, Reference, callees, closure_of
from slimport.index.sessions import Sessions
from slimport.index.single_iterators import SingleIterator, single_iterators
from slimport.index.stays import Stays
from slimport.index.told_apart import trainings
from slimport.index.training import Training, unseen_summaries
from slimport.index.walking import walk
from slimport.numpy_api import is_numpy
from slimport.python2.reasons import CODE as PYTHON2_MARK
from slimport.python2_api import is_python2
from slimport.report.model import FunctionForm
from slimport.rewrite.aliases import compat_aliases
from slimport.rewrite.factories import Factory, find_factories
from slimport.rewrite.graph_names import graph_names, names_looked_up
from slimport.rewrite.marks import PREFIX as MARK
from slimport.rewrite.notebook_lines import may_answer
from slimport.rewrite.python2 import imports_python2
from slimport.rewrite.registry import rule_for
from slimport.rewrite.selection import FileSelection, Selection
from slimport.rewrite.tensors import TensorRule
from slimport.rewrite.tf1_files import Tf1Files
from slimport.rewrite.written_module import WRITTEN_MODULE

# What asks a tensor for its sizes, by the names of `slimport.index.shapes`.
_SIZES = frozenset({"tensor.as_list", "tensor.get_shape", "tensor.value"})


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        open_world: every public function may be called under scopes that are not in the tree.
        open_files: so may those of these files: code that could not be read names them.
        target: "keras" says that sessions are left behind; None decides per program.
        training: "fit" takes loops on sessions along that feed placeholders.
        selection: which rules may act.
        open_functions: "module:function", or "module:*"; a module may lack the first of its parts.
        module_name: what the module that is written into the tree is called.
        module_cell: a notebook that comes alone carries that module in a cell.
        all_python2: files of Python 2 are converted also where nothing in them is rewritten.
    """

    open_world: bool = False
    target: str | None = None
    training: str | None = None
    selection: Selection = field(default_factory=Selection)
    open_files: frozenset[PurePosixPath] = frozenset()
    open_functions: tuple[str, ...] = ()
    module_name: str = WRITTEN_MODULE
    module_cell: bool = False
    all_python2: bool = False


@dataclass
class Plan:
    """Which form each function takes: plain layers or factories, keras.ops or TensorFlow."""

    program: Program
    options: Options = field(default_factory=Options)

    def __post_init__(self) -> None:
        self.hand_loops, self.loops_that_stay = self._loops_by_hand()
        self.trainings, self.evaluations, self.stays = self._blocks_with_models()
        keeps_sessions = self.options.target != "keras"
        blocks = {*self.trainings, *self.evaluations, *self.hand_loops}
        trained = frozenset(blocks) | frozenset(self.pipelines)
        self.tf1_files = Tf1Files(self.program, keeps_sessions, trained)
        self.layer_programs = LayerPrograms(self.program)
        self._selections: dict[Module, FileSelection] = {}
        self._concerned: dict[Module, bool] = {}
        self._aliases: dict[Module, dict[str, str]] = {}
        self._factories: dict[Module, dict[ast.Call, Factory]] = {}
        self._reasons: dict[int, list[str]] = {}
        self._compared: dict[Module, frozenset[ast.AST]] = {}
        self.blockers: dict[Function, tuple[str, ...]] = {
            function: self._tensor_blockers(function) for function in self.program.all()
        }
        for function in self.program.written_names:
            self.blockers[function] += ("an earlier run has settled what its tensors are",)
        self.keras_tensors = self._reached_from_building()
        self.closures = self._close()

    def uses_keras_ops(self, function: Function) -> bool:
        """Whether the function's tensor code becomes keras.ops.

        It does where it builds layers (or is called by code that does, or is an activation that is
        passed on beside layers) and every TensorFlow function in it has an exact equivalent.
        """
        return function in self.keras_tensors

    def reads_sizes(self, module: Module) -> bool:
        """Whether keras.ops code of the file, or of what it imports, asks tensors for their sizes.

        They are numbers there, and `Dimension`s in TensorFlow 1's graphs until the first layer.
        """
        loaded = closure_of([module], self.program.imports.__getitem__)
        functions = (f for other in loaded for f in self.program.by_module[other])
        return any(
            reference.api.name in _SIZES
            for function in functions
            if self.uses_keras_ops(function)
            for reference in function.references
        )

    def is_tf1(self, module: Module) -> bool:
        """Whether a file was written for TF 1; see `Tf1Files`."""
        return self.tf1_files.is_tf1(module)

    def trains_with_fit(self, module: Module) -> bool:
        """Whether the programs that run this file's code fit or evaluate a Keras model."""
        return module in self._trained

    def kinds(self, module: Module) -> frozenset[str]:
        """The kinds of the file's program that some rules are for: see `Rule.only_with`."""
        fit = {"fit"} if self.trains_with_fit(module) else set()
        return frozenset(fit | ({"keras"} if self.options.target == "keras" else set()))

    def selection(self, module: Module) -> FileSelection:
        """What of a file is ignored."""
        if module not in self._selections:
            self._selections[module] = FileSelection(module, self.options.selection)
        return self._selections[module]

    def compat_aliases(self, module: Module) -> dict[str, str]:
        """Names for modules of TensorFlow 1 that stay; see `aliases.compat_aliases`."""
        if self.tf1_files.keeps_tf1_names(module) or not self.is_tf1(module):
            return {}
        if module not in self._aliases:
            self._aliases[module] = compat_aliases(module, self.program, self.kinds(module))
        return self._aliases[module]

    @cached_property
    def _trained(self) -> set[Module]:
        """The files of programs that fit or evaluate, as far as no session runs them."""
        blocks = (*self.trainings, *self.evaluations, *self.hand_loops)
        start = {function.module for function in blocks}
        found = closure_of(start, lambda module: self.program.imports[module])
        return {module for module in found if not self.tf1_files.sessions.runs(module)}

    @cached_property
    def summary_kinds(self) -> dict[ast.Call, str]:
        """Summaries of trainings that do not stand for themselves in the loss.

        "added" are those that are made for a collection which the loop writes; "rate" that of the
        learning rate, which fit writes; "lost" what else stands beside the loss, or is made of an
        example before it is batched.
        """
        found: dict[ast.Call, str] = {}
        for function in self.without_summaries:
            training = self.trainings.get(function)
            lines = set(unseen_summaries(function, training.of_loss if training else ()))
            calls = [r.call for r in function.references if r.api.name.startswith("tf.summary.")]
            found |= {c: "lost" for c in calls if c is not None and c.lineno in lines}
        for reference in (r for f in self.of_examples for r in f.references):
            if reference.api.name.startswith("tf.summary.") and reference.call is not None:
                found[reference.call] = "lost"
        for training in self.trainings.values():
            kept = training.summaries
            found |= {a.summary: "added" for a in (kept.added if kept is not None else ())}
            rate = training.rate_summary(self.program)
            found |= {rate: "rate"} if rate is not None else {}
        return found

    @cached_property
    def graph_lookups(self) -> GraphLookups:
        return GraphLookups(self.program)

    @cached_property
    def called_initializers(self) -> CalledInitializers:
        return CalledInitializers(self.program)

    @cached_property
    def of_losses(self) -> set[Function]:
        """The functions that a LossModel runs, and those that make one."""
        blocks: list[Training | HandLoop] = [*self.trainings.values(), *self.hand_loops.values()]
        inside = {f for block in blocks for f in block.callees(self.program)}
        return inside | {block.function for block in blocks}

    @cached_property
    def _of_metrics(self) -> set[Function]:
        """The functions that a MetricsModel runs, or may run, and those that make one."""
        inside = {f for e in self.evaluations.values() for f in e.reached(self.program)}
        return inside | set(self.evaluations)

    @cached_property
    def plain_trainings(self) -> dict[Function, PlainTraining]:
        """Those that need no LossModel, by function."""
        found = {
            function: plain_training(
                training, self.program, self.pipelines, lambda f: not self._kept_of_tensorflow(f)
            )
            for function, training in self.trainings.items()
            # Of several workers each reads batches of its own, as a LossModel does.
            if not isinstance(training, CloneTraining) and "num_replicas" not in training.workers
        }
        return {function: plain for function, plain in found.items() if plain is not None}

    @cached_property
    def _in_loss_models(self) -> set[Function]:
        """The functions that a LossModel runs again and again."""
        plain = self.plain_trainings
        models = [t for f, t in (self.trainings | self.hand_loops).items() if f not in plain]
        inside = {f for block in models for f in block.callees(self.program)}
        return inside | {block.function for block in models}

    @cached_property
    def _read(self) -> dict[Function, Pipeline]:
        return pipelines(self.program)

    @cached_property
    def pipelines(self) -> dict[Function, Pipeline]:
        """The input pipelines of losses and metrics, which read a tf.data.Dataset."""
        measured = {f for e in self.evaluations.values() for f in e.callees(self.program)}
        inside = self.of_losses | measured | self.evaluations.keys()
        return {f: pipeline for f, pipeline in self._read.items() if f in inside}

    @cached_property
    def of_examples(self) -> set[Function]:
        """The functions that pipelines map over examples, where no step sees what they make."""
        statements = [
            (pipeline.function, statement)
            for pipeline in self.pipelines.values()
            for statement in (*pipeline.between, *pipeline.arranged)
        ]
        start = {f for function, s in statements for f in called(s, function, self.program)}
        return closure_of(start, callees)

    @cached_property
    def iterators(self) -> list[SingleIterator]:
        """The iterators that give losses their batches."""
        found = single_iterators(self.program)
        return [iterator for f, iterator in found.items() if f in self.of_losses]

    @cached_property
    def without_summaries(self) -> set[Function]:
        """Functions beside a loss: nobody would write their summaries."""
        beside = {f for t in self.trainings.values() for f in t.beside(self.program)}
        return {f for f in beside if self.trains_with_fit(f.module)} | set(self.trainings)

    @cached_property
    def of_step_schedules(self) -> set[int]:
        """The ids of the nodes that a StepSchedule runs, with TensorFlow 1's schedules."""
        return {node for t in self.trainings.values() for node in t.rates.nodes()}

    @cached_property
    def steps_passed(self) -> list[PassedStep]:
        """Where the global step goes to a function that only schedules a rate by it."""
        return [s for t in self.trainings.values() for s in t.steps_passed(self.program)]

    def why_loops_stay(self, module: Module) -> list[str]:
        """Remarks on loops that were to be taken along, and stay on their sessions."""
        return [
            f"{module.path}:{reason.line or 1}: {reason.what} on a session stays: {reason}"
            for function, reason in self.loops_that_stay.items()
            if function.module is module
        ]

    def _loops_by_hand(self) -> tuple[dict[Function, HandLoop], dict[Function, Stays]]:
        """Loops on sessions that are taken along, where nothing else runs their files on one."""
        if self.options.training != "fit":
            return {}, {}
        found, stay = hand_loops(self.program, self._read)
        while True:
            reached = {f for loop in found.values() for f in loop.callees(self.program)}
            without = frozenset(found.keys() | (reached & self._read.keys()))
            sessions = Sessions(self.program, without)
            kept = {f: loop for f, loop in found.items() if not sessions.runs(f.module)}
            for function in found.keys() - kept.keys():
                stay[function] = Stays("another session runs code of its file", function.node)
            if kept == found:
                return found, stay
            found = kept

    def _blocks_with_models(
        self,
    ) -> tuple[dict[Function, Training], dict[Function, Evaluation], dict[Function, str]]:
        """The blocks that become fit or evaluate: those in files that run no session otherwise.

        Which these are rests on each other: a block that keeps its session keeps those whose files
        it runs.

        Returns:
            The trainings, the evaluations, and why the other evaluations stay.
        """
        trained, stays = trainings(self.program, self._read)
        evaluated, why = evaluations(self.program, self._read)
        stays = why | stays
        while True:
            reached = {f for t in trained.values() for f in t.callees(self.program)}
            reached |= {f for e in evaluated.values() for f in e.callees(self.program)}
            blocks = {*trained, *evaluated, *self.hand_loops}
            without = frozenset(blocks | (reached & self._read.keys()))
            sessions = Sessions(self.program, without)
            kept = {f for f in (*trained, *evaluated) if not sessions.runs(f.module)}
            kept -= {
                f for f, t in trained.items() if any(map(sessions.runs, t.files(self.program)))
            }
            if kept == trained.keys() | evaluated.keys():
                return trained, evaluated, stays
            others = (trained.keys() | evaluated.keys()) - kept
            stays |= dict.fromkeys(others, "a session runs its file elsewhere")
            trained = {f: training for f, training in trained.items() if f in kept}
            evaluated = {f: evaluation for f, evaluation in evaluated.items() if f in kept}

    @cached_property
    def is_tf1_tree(self) -> bool:
        """Whether any file was written for TF 1, or has a name for slim or tf.contrib.

        Or has a mark: after a run the marks are the trace of what the tree was, and what they
        stand for is counted again until they are gone.
        """
        return any(
            self.is_tf1(module)
            or any(is_slim(name) for name in self.program.imported_apis(module))
            or module.holds(MARK)
            for module in self.program.modules
        )

    @cached_property
    def patched(self) -> frozenset[str]:
        """Names of other libraries that the program assigns: ``np.int = int``."""
        return patched_names(self.program)

    def concerns(self, module: Module) -> bool:
        """Whether anything in the file may change: the rest need not be parsed a second time."""
        if module not in self._concerned:
            self._concerned[module] = self._concerns(module)
        return self._concerned[module]

    def _concerns(self, module: Module) -> bool:
        if self.tf1_files.keeps_tf1_names(module) or self.tf1_files.start(module) is not None:
            return True
        if any(is_slim(name) for name in self.program.imported_apis(module)):
            return True
        if module.holds(PYTHON2_MARK) or may_answer(module):
            return True
        functions = self.program.by_module[module]
        if any(f in self.program.scoping or f in self.keras_tensors for f in functions):
            return True
        if self.is_tf1_tree and any(is_numpy(r.api.name) for f in functions for r in f.references):
            return True
        if self.layer_programs.restores(module) and self.tf1_files.runs_sessions(module):
            return True
        if self.is_tf1_tree and _is_old_python(module, functions):
            return True
        return self.is_tf1(module) and any(
            not reference.api.spelled.startswith("tensorflow.compat.v1")
            for function in functions
            for reference in function.references
        )

    def plain(self, function: Function) -> bool:
        """Whether the function's layers become plain keras.layers."""
        closure = self.closures.get(function)
        return closure is not None and not closure.reasons

    def layer(self, function: Function, call: ast.Call) -> LayerCall | None:
        """The layer call of a function in plain form, None for any other call."""
        return self.closures[function].layers.get(call) if self.plain(function) else None

    def factory(self, function: Function, call: ast.Call) -> Factory | None:
        """The local factory that a layer call of a plain function goes through, if one."""
        return self.factories(function.module).get(call)

    def factories(self, module: Module) -> dict[ast.Call, Factory]:
        """The local factories of a file, by the layer calls that use them."""
        if module not in self._factories:
            plain = [f for f in self.program.by_module[module] if self.plain(f)]
            closures = [self.closures[function] for function in plain]
            self._factories[module] = find_factories(closures, module)
        return self._factories[module]

    def _close(self) -> dict[Function, Closure]:
        options = self.options
        found = closures(
            self.program, options.open_world, options.open_files, options.open_functions
        )
        around = self.program.links.reached(self.program.rewritten, up=True)
        other_floats = with_other_floats(self.program)
        for function, closure in found.items():
            if function in other_floats:
                closure.refuse("plain layers compute in float32, and other types may reach it")
            for reason in self.traced_because(function):
                closure.refuse(reason)
            if function in around:
                closure.refuse("it calls layers that are migrated already")
            if function in self.plain_trainings:
                closure.refuse("its statements become those of a model")
            if function in self._in_loss_models:
                closure.refuse("a LossModel runs it again for each shape of a batch")
            if function in self._of_metrics:
                closure.refuse("a MetricsModel runs it again for each shape of a batch")
            sessions = self.tf1_files.sessions.runs(function.module)
            if sessions and self.options.target != "keras":
                closure.refuse(
                    "a session script may run it (--target keras leaves sessions behind)"
                )
            for reason in self._program_reasons(function.module):
                closure.refuse(reason)
            for layer in closure.layers.values():
                rule = rule_for(layer.reference.api.name)
                blocked = rule.blocks_plain(layer) if rule is not None else None
                if blocked:
                    closure.refuse(blocked)
        share_reasons(found)
        return found

    def _program_reasons(self, module: Module) -> list[str]:
        """Why the files that share a program with this one must keep their layers scoped."""
        group = self.program.connected(module)  # one object for all of its files
        if id(group) not in self._reasons:
            reasons = {reason for member in group for reason in self._blocks[member]}
            self._reasons[id(group)] = sorted(reasons)
        return self._reasons[id(group)]

    @cached_property
    def _blocks(self) -> dict[Module, set[str]]:
        found: dict[Module, set[str]] = {module: set() for module in self.program.modules}
        for function in self.program.all():
            for reference in function.references:
                rule = rule_for(reference.api.name)
                reason = rule.blocks_plain_program(reference) if rule is not None else None
                if reason is not None:
                    found[function.module].add(reason)
        return found

    def traced_because(self, function: Function) -> tuple[str, ...]:
        """Why a model of the function must be traced: what it or its callees keep of TensorFlow."""
        return () if function in self.plain_trainings else self._kept_of_tensorflow(function)

    def _kept_of_tensorflow(self, function: Function) -> tuple[str, ...]:
        reasons = list(self.blockers[function])
        for callee in sorted(callees(function) - {function}, key=lambda f: f.name):
            if self.blockers[callee]:
                reasons.append(f"calls {callee.qualname}: {self.blockers[callee][0]}")
        return tuple(dict.fromkeys(reasons))

    def _tensor_blockers(self, function: Function) -> tuple[str, ...]:
        found = [self._blocker(reference) for reference in function.references]
        if any(found):  # what stands in a comparison that is written down is gone
            gone = self._compared_away(function.module)
            pairs = zip(found, function.references, strict=True)
            found = [None if reference.node in gone else reason for reason, reference in pairs]
        if function in self.program.building:
            found += graph_names(function, self.program)
            found += names_looked_up(function, self.graph_lookups)
            found += numpy_operands(function.node, function.module)
        return tuple(dict.fromkeys(reason for reason in found if reason))

    def _compared_away(self, module: Module) -> frozenset[ast.AST]:
        """What is in the comparisons of tensors that `Comparisons` writes down as constants."""
        if module not in self._compared:
            known = tensor_comparisons(module) if self.writes_comparisons(module) else ()
            self._compared[module] = frozenset(part for node, _ in known for part in walk(node))
        return self._compared[module]

    def writes_comparisons(self, module: Module) -> bool:
        """Whether comparisons of tensors in the file mean TF 1's, and become what they came to."""
        return self.is_tf1(module) and not self.tf1_files.names_compat(module)

    @staticmethod
    def _blocker(reference: Reference) -> str | None:
        rule = rule_for(reference.api.name)
        return rule.blocks_keras_tensors(reference) if rule is not None else None

    def _reached_from_building(self) -> set[Function]:
        def unblocked(functions: Iterable[Function]) -> list[Function]:
            return [function for function in functions if not self.blockers[function]]

        start = [*self.program.building, *self._own_activations()]
        return closure_of(unblocked(start), lambda f: unblocked(f.callees))

    def _own_activations(self) -> list[Function]:
        """What may reach a layer as its activation: ``conv2d(..., activation_fn=hard_swish)``."""
        files = {function.module for function in self.program.building}
        passed_on = (f for f in self.program.all() if f.escapes and f.module in files)
        return [f for f in passed_on if any(map(_activates, f.references))]

    # Report -----------------------------------------------------------------------------------

    def forms(self, module: Module) -> list[FunctionForm]:
        """The functions of a file that build layers, with the form they took and why."""
        forms = []
        for function in self.program.by_module[module]:
            if function in self.program.building and function.qualname:
                forms.append(self._form(function))
        return sorted(forms, key=lambda form: form.line)

    def _form(self, function: Function) -> FunctionForm:
        line = getattr(function.node, "lineno", 1)
        tensors = "keras.ops" if self.uses_keras_ops(function) else "tensorflow"
        layers = "keras" if self.plain(function) else "scoped"
        traced = self.traced_because(function)
        why = tuple(dict.fromkeys((*traced, *self.closures[function].reasons)))
        model = "traced" if traced else "functional"
        return FunctionForm(line, function.qualname, layers, tensors, model, why)


def _activates(reference: Reference) -> bool:
    rule = rule_for(reference.api.name)
    return isinstance(rule, TensorRule) and rule.names_function(reference.api.name)


def _is_old_python(module: Module, functions: Iterable[Function]) -> bool:
    return imports_python2(module) or any(
        is_python2(reference.api.name) for f in functions for reference in f.references
    )
