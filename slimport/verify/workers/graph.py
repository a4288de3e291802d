"""Builds a function in a TensorFlow 1 graph, runs it in a session and reports its numbers.

Legacy code runs so on the old side; migrated code runs so where a script still has sessions.
This module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP035

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from typing import Any, Callable, Iterator

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import (
    double_graph,
    initial,
    limits,
    magnitudes,
    perturbations,
    randomness,
    sites,
    smooth,
    values,
    worker,
)

#: Returns what enters the result of an arg_scope function: `arg_scope`, or `layer_defaults`. It is
#: asked once the entry's modules are imported, since these decide which of several there is.
ScopeFunction = Callable[[], Any]
Feed = Any  # dictionary of graph tensors and arrays

#: Types of operations that draw; Python functions of the program may do so.
_RANDOM = re.compile("Random|Stateless|TruncatedNormal|Multinomial|PyFunc")


class Built:
    """A function's graph with everything that is to be read from it.

    Args:
        tf: TensorFlow 1, or its stand-in.
        case: A case of the request.
        training: Value of the training arguments.
        scope_function: See `ScopeFunction`.
    """

    def __init__(self, tf: Any, case: Any, training: bool, scope_function: ScopeFunction) -> None:
        self.tf = tf
        self._scope_function = scope_function
        self.case = case
        self.inputs = [
            tf.placeholder(spec["dtype"], spec["shape"], name=f"verify_input_{index}")
            for index, spec in enumerate(case["inputs"])
        ]
        structure = self._call(training)
        worker.Stage.enter("reading the graph")
        leaves = list(protocol.flatten(structure, self._is_leaf))
        tensors = [(name, self._tensor(leaf)) for name, leaf in leaves if self._is_leaf(leaf)]
        # A network's result is often an endpoint too: the endpoint's name says more than "0".
        self.outputs = sorted(
            tensors, key=lambda pair: (self._order(pair[1]), pair[0].rpartition("/")[2].isdigit())
        )
        self.constants = [(name, leaf) for name, leaf in leaves if not self._is_leaf(leaf)]
        every = tf.global_variables()
        self.variables = [v for v in every if not worker.is_left_out(v.op.name)]
        self.left_out = [v for v in every if worker.is_left_out(v.op.name)]
        self.trainable = Counter(variable.op.name for variable in tf.trainable_variables())

    def _call(self, training: bool) -> Any:
        case = self.case
        entry = worker.resolve(case["entry"])
        given = worker.arguments(case["args"], case["training_argument"], training)
        positional, keywords = worker.bind_inputs(case, self.inputs)
        keywords.update(given)
        if not case["arg_scope"]:
            worker.Stage.enter("calling " + case["entry"])
            return entry(*positional, **keywords)
        scope = worker.resolve(case["arg_scope"])
        worker.Stage.enter("calling " + case["arg_scope"])
        scope_given = worker.arguments(
            case["arg_scope_args"], case["arg_scope_training_argument"], training
        )
        with self._scope_function()(scope(**scope_given)):
            worker.Stage.enter("calling " + case["entry"])
            return entry(*positional, **keywords)

    def _is_leaf(self, value: Any) -> bool:
        kinds = (self.tf.Tensor, self.tf.Variable, self.tf.SparseTensor)
        return isinstance(value, kinds) or _is_graph_tensor(value)

    def _tensor(self, value: Any) -> Any:
        if isinstance(value, self.tf.SparseTensor):
            return self.tf.sparse_tensor_to_dense(value, validate_indices=False)
        return self.tf.convert_to_tensor(value)

    def _order(self, tensor: Any) -> int:
        """Place of a tensor's operation in build order."""
        return int(tensor.op._id)


def _is_graph_tensor(value: Any) -> bool:
    return hasattr(value, "op") and hasattr(value, "graph") and hasattr(value, "dtype")


def fetchable(graph: Any, updates: list[Any]) -> list[Any]:
    """Those that a session can run: no script runs what a loop or a branch holds from outside.

    Args:
        graph: The graph.
        updates: Operations, tensors, or variables as an assignment gives them.
    """
    return [update for update in updates if graph.is_fetchable(getattr(update, "op", update))]


class Reading:
    """What one mode fetches from a built graph.

    Attributes:
        fetches: What is fetched, by key.
    """

    def __init__(self, built: Built, training: bool) -> None:
        tf, case = built.tf, built.case
        self.built = built
        self.fetches: dict[str, Any] = {"outputs": [tensor for _, tensor in built.outputs]}
        self.directions: list[tuple[str, Any, Any]] = []
        self.gradient_error: str | None = None
        self.gradient_names: list[str] = []
        self.input_names: list[str] | None = None
        self.regularised: list[str] = []
        self.statistics = [
            place
            for place, variable in enumerate(built.variables)
            if variable.op.name not in built.trainable
        ]
        if not training:
            return
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        self.fetches["updates"] = fetchable(tf.get_default_graph(), updates)
        self._regularisation()
        if case["gradients"]:
            self._gradients()

    @property
    def runs(self) -> list[list[str]]:
        """Keys of what is fetched together.

        A run that moves averages may read them before or after. Where a regularizer covers them,
        the losses have a run of their own.
        """
        known = ("regularisation", "regularised")
        penalties: list[str] = [key for key in known if key in self.fetches]
        rest = [key for key in self.fetches if key not in penalties]
        if set(self.regularised) <= set(self.built.trainable):
            return [[*penalties, *rest]]
        return [penalties, rest]

    def _trainable(self) -> list[Any]:
        built = self.built
        return [v for v in built.variables if v.op.name in built.trainable]

    def _regularisation(self) -> None:
        """Fetches the total and, for each variable, the inner product of its gradient and value.

        For L2 that product is twice the loss of the variable, for L1 the loss itself: it names
        the variable whose regulariser is lost or doubled.
        """
        tf = self.built.tf
        losses = tf.losses.get_regularization_losses()
        if not losses:
            return
        total = tf.add_n([tf.reshape(tf.cast(loss, "float32"), []) for loss in losses])
        self.fetches["regularisation"] = total
        variables = self.built.variables
        gradients = tf.gradients(total, variables)
        products = []
        for variable, gradient in zip(variables, gradients):
            if gradient is not None:
                self.regularised.append(variable.op.name)
                dense = tf.convert_to_tensor(gradient)
                products.append(tf.reduce_sum(dense * tf.convert_to_tensor(variable)))
        self.fetches["regularised"] = products

    def _gradients(self) -> None:
        """Fetches the gradients of <outputs, fixed random directions>."""
        worker.Stage.enter("building the gradients")
        tf, case = self.built.tf, self.built.case
        ys, directions = [], []
        for name, tensor in self.built.outputs:
            if not tensor.dtype.is_floating or name in case["no_gradient_outputs"]:
                continue
            direction = tf.placeholder(tensor.dtype, tensor.get_shape())
            self.directions.append((name, tensor, direction))
            ys.append(tensor)
            directions.append(direction)
        variables = self._trainable()
        inputs = worker.floating_inputs(case, self.built.inputs)
        if not ys or not (variables or inputs):
            return
        try:
            try:
                found = self._found(ys, [*variables, *inputs.values()], directions)
                self.input_names = list(inputs)
            except Exception:  # an operation in front of all variables may have no gradient
                found = self._found(ys, variables, directions) if variables else []
        except Exception as error:
            self.gradient_error = f"{type(error).__name__}: {error}"
            return
        self.gradient_names = [variable.op.name for variable in variables]
        self.fetches["gradients"] = found[: len(variables)]
        self.fetches["input_gradients"] = found[len(variables) :]

    def _found(self, ys: list[Any], xs: list[Any], directions: list[Any]) -> list[Any]:
        tf = self.built.tf
        return [
            tf.zeros(x.get_shape(), x.dtype.base_dtype)
            if gradient is None
            else tf.convert_to_tensor(gradient)
            for x, gradient in zip(xs, tf.gradients(ys, xs, grad_ys=directions))
        ]


class Runner:
    """Runs a reading with the shared values, or with values one ulp away."""

    def __init__(self, tf: Any, reading: Reading, case: Any) -> None:
        self.tf = tf
        self.reading = reading
        self.case = case
        self.running: Any = None
        variables = reading.built.variables
        self.start = [
            worker.start_value(
                case,
                variable.op.name,
                variable.get_shape().as_list(),
                variable.dtype.base_dtype.as_numpy_dtype,
            )
            for variable in variables
        ]
        self.inputs = worker.input_values(case)
        first = [tf.local_variables_initializer(), tf.tables_initializer()]
        self._first = [*first, *(v.initializer for v in reading.built.left_out)]
        self._shapes = [_shape(tf, tensor) for _, tensor, _ in reading.directions]

    @contextmanager
    def session(self, grappler: bool = True) -> Iterator[None]:
        """A session for the runs of the block; see `perturbations`."""
        config = perturbations.session_config(self.tf, grappler)
        with self.tf.Session(config=config) as self.running:
            self.running.run(self._first)
            yield

    def double(self) -> tuple[dict[str, Any], list[str]]:
        """One run of the same graph in float64, and the operations that are not."""
        variables = self.reading.built.variables
        unknown = [shape for shape in self._shapes if not isinstance(shape, list)]
        needed = [self.reading.fetches, self._first, unknown, list(variables)]
        needed += [[v.initializer for v in variables], self.reading.built.inputs]
        needed += [[place for _, _, place in self.reading.directions]]
        made = double_graph.DoubleGraph(self.tf, needed)
        with made.session() as self.running:
            self.running.run(self._first)
            return self.run(), made.in_float32

    def run(self, nudge: int | None = None) -> dict[str, Any]:
        """Assigns all values and fetches everything.

        Args:
            nudge: None for the shared values; a number for the n-th perturbation.

        Returns:
            The fetched arrays; under ``after`` each variable's value after the run, and under
            ``moved`` what the run added to it.
        """
        worker.Stage.enter("running the graph")
        start, inputs = self.start, self.inputs
        if nudge is not None:
            start = [values.one_ulp_away(x, nudge, "v", i) for i, x in enumerate(start)]
            inputs = [values.one_ulp_away(x, nudge, "i", i) for i, x in enumerate(inputs)]
        variables = self.reading.built.variables
        self._assign(start)
        feed = dict(zip(self.reading.built.inputs, inputs))
        directions = self._directions(feed)
        if nudge is not None:
            places = enumerate(directions.items())
            directions = {p: values.one_ulp_away(x, nudge, "d", i) for i, (p, x) in places}
        feed.update(directions)
        found: dict[str, Any] = {}
        for keys in self.reading.runs:
            self._assign(start)  # the run before may have moved averages
            asked = {key: self.reading.fetches[key] for key in keys}
            found.update(self.running.run(asked, feed))
        after = self.running.run(list(variables))
        found["after"] = after
        found["moved"] = [
            np.asarray(a, "float64") - np.asarray(b, "float64") for a, b in zip(after, start)
        ]
        return found

    def also(self, fetches: list[Any]) -> list[Any]:
        """Fetches more, of the shared values."""
        if not fetches:
            return []
        self._assign(self.start)
        given: list[Any] = self.running.run(
            fetches, dict(zip(self.reading.built.inputs, self.inputs))
        )
        return given

    def _assign(self, start: list[Any]) -> None:
        variables = self.reading.built.variables
        feed = {v.initializer.inputs[1]: value for v, value in zip(variables, start)}
        self.running.run([v.initializer for v in variables], feed)

    def _directions(self, feed: Feed) -> Feed:
        """Draws what outputs are projected on; the shapes of some show only when they run."""
        wanted, shapes = self.reading.directions, self._shapes
        unknown = [shape for shape in shapes if not isinstance(shape, list)]
        if unknown:
            ran = iter(self.running.run(unknown, feed))
            shapes = [x if isinstance(x, list) else next(ran).tolist() for x in shapes]
        return {
            place: values.projection(name, shape, tensor.dtype.as_numpy_dtype, self.case["seed"])
            for (name, tensor, place), shape in zip(wanted, shapes)
        }


def _shape(tf: Any, tensor: Any) -> Any:
    """The shape of a tensor as a list, or a tensor where it shows only when it runs."""
    known = tensor.get_shape()
    return known.as_list() if known.is_fully_defined() else tf.shape(tensor)


class GraphSide:
    """Runs one mode of one case in a graph of its own.

    Args:
        tf: TensorFlow 1, or what answers like it.
        floor_runs: Runs with values one ulp away, from which noise floors are taken.
        scope_function: See `ScopeFunction`.
        tree: The tree of the code that is called.
    """

    def __init__(
        self, tf: Any, floor_runs: int, scope_function: ScopeFunction, tree: sites.Tree
    ) -> None:
        self.tf = tf
        self.floor_runs = floor_runs
        self.scope_function = scope_function
        self.tree = tree
        self.drawing: Any = initial.of_graph

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        training = mode in protocol.TRAINING_MODES
        with self.tf.Graph().as_default(), smooth.switched_on(case["smooth"]):
            self.tf.set_random_seed(case["seed"])
            randomness.start_pass(case["seed"])
            built = Built(self.tf, case, training, self.scope_function)
            reading = Reading(built, training)
            runner = Runner(self.tf, reading, case)
            watched = self._limits(built) if mode == case["modes"][0] else None
            with runner.session():
                found = runner.run()
                told = [] if watched is None else watched.notes(runner.also(watched.fetches))
                others = {perturbations.ULP: [runner.run(n) for n in range(self.floor_runs)]}
                if self.floor_runs and _draws(self.tf):
                    others[perturbations.NOTHING] = [runner.run()]
            answer = protocol.Answer("graph")
            if self.floor_runs and case.get("float64"):
                with runner.session(grappler=False):
                    others[perturbations.GRAPPLER] = [runner.run()]
            self._put_variables(answer, built)
            _answer(answer, built, reading, found, others, training)
            answer.meta["notes"] += told
            if self.floor_runs or case.get("float64"):
                self._put_double(answer, runner, training)
            if mode == case.get("initial_mode"):
                with runner.session(grappler=False):
                    self._put_initial(answer, built, runner)
        return answer

    def _limits(self, built: Built) -> limits.Limits | None:
        """What is told of the old side alone; see `limits`."""
        if not self.floor_runs:
            return None

        def place(operation: Any) -> str:
            frames = self.tree.of_operation(operation)
            return f"{frames[0][0]}:{frames[0][1]}" if frames else ""

        return limits.Limits(self.tf, [tensor for _, tensor in built.outputs], place)

    def _put_initial(self, answer: protocol.Answer, built: Built, runner: Runner) -> None:
        worker.Stage.enter("drawing initial values")
        shapes = {v.op.name: v.get_shape().as_list() for v in built.variables}
        draw = self.drawing(self.tf, built.variables, runner.running)
        initial.put(answer, shapes, draw)

    def _put_double(self, answer: protocol.Answer, runner: Runner, training: bool) -> None:
        """Adds what the same graph computes in float64, from the same values."""
        try:
            found, in_float32 = runner.double()
        except Exception as error:
            double_graph.put_error(answer, error)
            return
        reading = runner.reading
        doubles = _answer(protocol.Answer("graph"), reading.built, reading, found, {}, training)
        double_graph.put(answer, doubles, in_float32, bool(runner.case.get("float64")))

    def _put_variables(self, answer: protocol.Answer, built: Built) -> None:
        for variable in built.variables:
            answer.variable(
                variable.op.name,
                variable.get_shape().as_list(),
                variable.dtype.base_dtype.name,
                built.trainable[variable.op.name],
                self.tree.of_operation(variable.op),
            )


def _answer(
    answer: protocol.Answer,
    built: Built,
    reading: Reading,
    found: Any,
    others: perturbations.Runs,
    training: bool,
) -> protocol.Answer:
    _put(answer, protocol.OUTPUT, "outputs", [name for name, _ in built.outputs], found, others)
    for name, value in built.constants:
        answer.constant(name, value)
    answer.meta["notes"] = _notes(built, reading, training)
    answer.meta["gradient_error"] = reading.gradient_error
    if not training:
        answer.meta["moves"] = [
            variable.op.name
            for variable, moved in zip(built.variables, found["moved"])
            if np.any(moved)
        ]
    if training:
        _put(answer, protocol.REGULARISATION, "regularised", reading.regularised, found, others)
        _put_total(answer, found, others, len(reading.regularised))
        _put(answer, protocol.GRADIENT, "gradients", reading.gradient_names, found, others)
        if reading.input_names is not None:
            answer.meta["input_gradients"] = True
            _put(answer, protocol.INPUT, "input_gradients", reading.input_names, found, others)
        _put_updates(answer, built, reading, found, others)
    return answer


def _put_total(answer: protocol.Answer, found: Any, others: perturbations.Runs, place: int) -> None:
    total = np.asarray(found.get("regularisation", np.float32(0.0)))
    totals = {
        kind: [run.get("regularisation", 0.0) for run in runs] for kind, runs in others.items()
    }
    floors = perturbations.floors(total, totals)
    answer.tensor(protocol.REGULARISATION, "total", total, place, floors)


def _put_updates(
    answer: protocol.Answer, built: Built, reading: Reading, found: Any, others: perturbations.Runs
) -> None:
    """What the run added to each variable that is not trained.

    An update is the difference of two float32 numbers that may be ten thousand times as large, so
    that each side's rounding of the sum shows in it: `summed` says how large they are.
    """
    for order, place in enumerate(reading.statistics):
        moved = found["moved"][place]
        summed = float(np.abs(found["after"][place]).max()) if np.size(moved) else 0.0
        unit = perturbations.unit_of(summed)
        runs = _each(others, "moved", place)
        more = {"random": True} if perturbations.is_random(moved, runs) else {}
        floors = perturbations.floors(moved, runs, unit)
        name = built.variables[place].op.name
        answer.tensor(protocol.UPDATE, name, moved, order, floors, summed=summed, **more)


def _put(
    answer: protocol.Answer,
    group: str,
    key: str,
    names: list[str],
    found: Any,
    others: perturbations.Runs,
) -> None:
    for place, name in enumerate(names):
        value = found[key][place]
        runs = _each(others, key, place)
        more: dict[str, Any] = {}
        if perturbations.is_random(value, runs):
            more["random"] = True
        else:
            more["parts"] = magnitudes.measured(value, runs)
        answer.tensor(group, name, value, place, perturbations.floors(value, runs), **more)


def _each(others: perturbations.Runs, key: str, place: int) -> perturbations.Runs:
    """One array of the other runs, by their kind."""
    return {kind: [run[key][place] for run in runs] for kind, runs in others.items()}


def _notes(built: Built, reading: Reading, training: bool) -> list[str]:
    """Says what in the graph limits or spoils the comparison."""
    notes = []
    uses = _draws(built.tf)
    if uses:
        notes.append(
            f"the graph draws random numbers of its own when it runs (first: {uses[0].name}): "
            "outputs behind it cannot be equal. Switch them off by an argument of the case."
        )
    returned = {id(tensor) for _, tensor in built.outputs}
    losses = [loss for loss in built.tf.losses.get_losses() if id(loss) not in returned]
    if losses:
        notes.append(
            "losses in the graph's collection that are no outputs of the entry are not compared: "
            f"{len(losses)} (first: {losses[0].name})"
        )
    updates = built.tf.get_collection(built.tf.GraphKeys.UPDATE_OPS)
    inside = len(updates) - len(fetchable(built.tf.get_default_graph(), updates))
    if training and inside:
        notes.append(f"{inside} updates of moving averages are in loops or branches: not run")
    if not training and updates:
        notes.append(
            "in inference mode the graph still holds updates of moving averages, so it "
            "normalises by batch statistics: the case may lack training_argument, or should "
            'say modes = ["training"].'
        )
    return notes


def _draws(tf: Any) -> list[Any]:
    """Operations that may give other numbers in each run, those of initial values aside."""
    operations = tf.get_default_graph().get_operations()
    return [op for op in operations if _RANDOM.search(op.type) and not _initialises(op)]


def _initialises(operation: Any) -> bool:
    """Tells whether a random operation only feeds a variable's initial value."""
    return "/Initializer/" in operation.name or operation.name.startswith("Initializer/")
