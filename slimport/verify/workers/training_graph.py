"""A program that trains in a TensorFlow 1 graph: its steps in sessions of our own.

Legacy programs run so on the old side, migrated ones where their loop stays on sessions. This
module runs under CPython 3.7 and imports no TensorFlow: it is handed TensorFlow 1's module.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, UP006, UP035

from __future__ import annotations

from typing import Any, Tuple

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import (
    loops,
    randomness,
    sites,
    smooth,
    training_record,
    training_sites,
    values,
    worker,
)

#: A gradient with its variable, as `apply_gradients` takes them.
Pair = Tuple[Any, Any]


class Applied:
    """The optimizers of a program and what reaches them, told by `apply_gradients` itself."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, list[Pair]]] = []
        # What replicas hand in: the optimizer inside takes what an accumulator gives, once.
        self._handed_in: list[list[Pair]] = []

    def watch(self, tf: Any) -> None:
        """Watches TensorFlow 1's base class, which optimizers around others do not reach."""
        base, replicas = tf.train.Optimizer, tf.train.SyncReplicasOptimizer
        original, of_replicas = base.apply_gradients, replicas.apply_gradients
        calls, handed_in = self.calls, self._handed_in

        def apply_gradients(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
            pairs = list(grads_and_vars)
            calls.append((self, handed_in[-1] if handed_in else pairs))
            return original(self, pairs, *args, **kwargs)

        def hand_in(self: Any, grads_and_vars: Any, *args: Any, **kwargs: Any) -> Any:
            handed_in.append(list(grads_and_vars))
            try:
                return of_replicas(self, handed_in[-1], *args, **kwargs)
            finally:
                handed_in.pop()

        base.apply_gradients = apply_gradients
        replicas.apply_gradients = hand_in


class GraphLoop:
    """Runs a training case on a side with graphs.

    Args:
        tf: TensorFlow 1, or what answers like it.
        floor_runs: Runs with weights one unit in the last place away.
        tree: The tree of the program.
    """

    def __init__(self, tf: Any, floor_runs: int, tree: sites.Tree) -> None:
        self.tf = tf
        self.floor_runs = floor_runs
        self.tree = tree
        self.applied = Applied()
        self.applied.watch(tf)

    def __call__(self, case: Any, step_in_at: Any, names: str) -> protocol.Answer:
        """Runs the case's program up to its loop, and the steps there.

        Args:
            case: A case of the request.
            step_in_at: Called with a function that is to take the place of the loops.
            names: The loops, for messages.
        """
        tf = self.tf
        del self.applied.calls[:]
        training_sites.begin()
        with tf.Graph().as_default(), smooth.switched_on(case["smooth"]):
            tf.set_random_seed(case["seed"])
            call = worker.program(case)
            randomness.start_pass(case["seed"])

            def step_in(given: dict[str, Any]) -> Any:
                return self._runs(case, given)

            step_in_at(step_in)
            run, *others = loops.run_to_loop(call, case["entry"], names)
        return training_record.answer("graph", case["steps"], run, others)

    def _runs(self, case: Any, given: dict[str, Any]) -> list[training_record.Record]:
        graph = given.get("graph") or self.tf.get_default_graph()
        with graph.as_default():
            program = Program(self.tf, case, given, self.applied.calls, self.tree)
            return [program.run(nudge) for nudge in (None, *range(self.floor_runs))]


class Program:
    """The graph of a program at the point where its loop would begin.

    Args:
        tf: TensorFlow 1.
        case: The case.
        given: Arguments of the loop.
        calls: Optimizers and what was handed to them.
        tree: The tree of the program.
    """

    def __init__(
        self, tf: Any, case: Any, given: dict[str, Any], calls: Any, tree: sites.Tree
    ) -> None:
        worker.Stage.enter("reading the graph")
        self.tf, self.case, self.given, self.tree = tf, case, given, tree
        self.train_op = given["train_op"]
        graph = tf.get_default_graph()
        self.calls = [call for call in calls if all(v.graph is graph for _, v in call[1][:1])]
        self.trainable: dict[str, int] = {}
        for variable in tf.trainable_variables():
            name = variable.op.name
            self.trainable[name] = self.trainable.get(name, 0) + 1
        self.kinds = self._kinds()
        # A chief of replicas makes its updates beside the run that would tell the rate.
        told = [] if self._replicas() else self.calls
        self.rates = [_rate(optimizer, tf) for optimizer, _ in told]
        training_sites.note_rates(self.rates)
        self.gradients = self._gradients()
        self.starts = self._starts()
        self.notes = self._notes()

    def _kinds(self) -> dict[str, tuple[str, str, Any]]:
        """Group, name and variable of every global variable, by its name in the graph."""
        slots: dict[str, str] = {}
        counters: dict[str, str] = {}
        for optimizer, pairs in self.calls:
            for slot in optimizer.get_slot_names():
                for _, variable in pairs:
                    held = optimizer.get_slot(variable, slot)
                    if held is not None:
                        slots[held.op.name] = variable.op.name + "/" + slot
            for (name, _), variable in getattr(optimizer, "_non_slot_dict", {}).items():
                taken = name in counters.values()  # by another optimizer of the program
                counters[variable.op.name] = variable.op.name if taken else name
        found = {}
        for variable in self.tf.global_variables():
            name = variable.op.name
            if name in slots:
                found[name] = (protocol.SLOT, slots[name], variable)
            elif name in counters or worker.is_left_out(name):
                found[name] = (protocol.COUNTER, counters.get(name, name), variable)
            elif name.endswith(training_record.AVERAGE):
                found[name] = (protocol.AVERAGE, name, variable)
            elif name in self.trainable:
                found[name] = (protocol.WEIGHT, name, variable)
            else:
                found[name] = (protocol.STATISTIC, name, variable)
        return found

    def _gradients(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for place, (_, pairs) in enumerate(self.calls):
            for gradient, variable in pairs:
                if gradient is not None:
                    name = variable.op.name
                    name += f" (optimizer {place + 1})" if name in found else ""
                    found[name] = self.tf.convert_to_tensor(gradient)
        return found

    def _starts(self) -> list[Pair]:
        """The shared value of each variable of the model, and of averages: their variable's."""
        found = []
        for name, (group, _, variable) in self.kinds.items():
            if group in (protocol.SLOT, protocol.COUNTER):
                continue
            if group == protocol.AVERAGE:
                name = name[: -len(training_record.AVERAGE)]
            shape = variable.get_shape().as_list()
            dtype = variable.dtype.base_dtype.as_numpy_dtype
            value = values.variable_value(name, shape, dtype, self.case["seed"])
            found.append((variable, (name, value)))
        return found

    def _notes(self) -> list[str]:
        hooks = [*(self.given.get("hooks") or ()), *(self.given.get("chief_only_hooks") or ())]
        left = sorted({type(hook).__name__ for hook in hooks} - {"StopAtStepHook"})
        return ["hooks were left out: " + ", ".join(left)] if left else []

    def run(self, nudge: Any) -> training_record.Record:
        """Trains anew, with weights moved by one unit in the last place if `nudge` is a number."""
        tf = self.tf
        record = training_record.Record()
        record.notes = self.notes
        record.beta_2 = max((_beta_2(optimizer) for optimizer, _ in self.calls), default=0.0)
        record.variables = [
            (
                name,
                v.get_shape().as_list(),
                v.dtype.base_dtype.name,
                self.trainable.get(name, 0),
                self.tree.of_operation(v.op),
            )
            for group, name, v in self.kinds.values()
            if group in (protocol.WEIGHT, protocol.STATISTIC)
        ]
        # Some kernels race, see graph.py.
        config = tf.ConfigProto(intra_op_parallelism_threads=1)
        coordinator = tf.train.Coordinator()
        with tf.Session(config=config) as session:
            self._initialize(session)
            self._assign(session, nudge)
            threads = self._start_queues(session, coordinator)
            try:
                self._steps(session, record)
                if nudge is None:
                    record.far = self._far(session)
            finally:
                coordinator.request_stop()
                session.run(self._closing())
                session.close()  # ends what waits for gradients of replicas
        coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)
        return record

    def _initialize(self, session: Any) -> None:
        worker.Stage.enter("initializing the variables")
        tf, given = self.tf, self.given
        init_op = _chosen(given.get("init_op"), tf.global_variables_initializer)
        if init_op is not None:
            session.run(init_op, given.get("init_feed_dict"))
        scaffold = given.get("scaffold")
        if scaffold is not None and scaffold.init_op is not None:
            session.run(scaffold.init_op, scaffold.init_feed_dict)
        local = _chosen(given.get("local_init_op"), tf.local_variables_initializer)
        session.run([op for op in (local, tf.tables_initializer()) if op is not None])
        for optimizer in self._replicas():
            session.run(optimizer.chief_init_op)

    def _assign(self, session: Any, nudge: Any) -> None:
        feed = {}
        for variable, (name, value) in self.starts:
            moved = value if nudge is None else values.one_ulp_away(value, nudge, "v", name)
            feed[variable.initializer.inputs[1]] = moved
        session.run([variable.initializer for variable, _ in self.starts], feed)

    def _replicas(self) -> list[Any]:
        given = self.given.get("sync_optimizer")
        if given is None:
            return []
        return list(given) if isinstance(given, (list, tuple)) else [given]

    def _start_queues(self, session: Any, coordinator: Any) -> list[Any]:
        """Starts input queues and those of replicas.

        The tokens that slim's loop hands out before the first step are not: with them a step may
        end before its update is made, and the next one may be dropped as stale.
        """
        threads = self.tf.train.start_queue_runners(session, coordinator)
        for optimizer in self._replicas():
            runner = optimizer.get_chief_queue_runner()
            threads += runner.create_threads(session, coordinator, daemon=True, start=True)
        return list(threads)

    def _closing(self) -> list[Any]:
        runners = self.tf.get_collection(self.tf.GraphKeys.QUEUE_RUNNERS)
        return [runner.cancel_op for runner in runners]

    def _steps(self, session: Any, record: training_record.Record) -> None:
        wanted = self.case["steps"]
        record.held[0] = self._held(session)
        recording = _Recording(session, self, record)
        step_fn = self._own_step()
        options = None
        if step_fn is not None:
            options = self.given.get("train_step_kwargs") or self._step_options()
        for step in range(1, wanted[-1] + 1):
            worker.Stage.enter(f"making step {step}")
            try:
                if step_fn is not None:
                    step_fn(recording, self.train_op, self._global_step(), options)
                else:
                    recording.run(self.train_op)
            except self.tf.errors.OutOfRangeError as error:
                raise RuntimeError(training_record.too_short(step - 1, wanted[-1])) from error
            record.end_step(step)
            if step in wanted:
                record.held[step] = self._held(session)

    def _own_step(self) -> Any:
        """The program's own `train_step_fn`; None for slim's."""
        step_fn = self.given.get("train_step_fn")
        return None if step_fn is None or _is_default_step(step_fn) else step_fn

    def _far(self, session: Any) -> dict[int, list[float]]:
        """What the schedules say of steps that are not made; nothing where more decides."""
        step = self._global_step()
        known = bool(self.rates) and all(rate is not None for rate in self.rates)
        if not (known and hasattr(step, "initializer")) or self._own_step() is not None:
            return {}
        found: dict[int, list[float]] = {}
        try:
            for count in training_record.FAR:
                session.run(step.initializer, {step.initializer.inputs[1]: count})
                found[count] = [float(rate) for rate in session.run(self.rates)]
        except self.tf.errors.OpError:  # a rate that rests on what is fed, or on data
            return {}
        return found

    def _step_options(self) -> dict[str, Any]:
        return {name: self.tf.constant(False) for name in ("should_stop", "should_log")}

    def _global_step(self) -> Any:
        given = self.given.get("global_step")
        return self.tf.train.get_global_step() if given is None else given

    def _held(self, session: Any) -> training_record.Held:
        kinds = list(self.kinds.values())
        found = session.run([variable for _, _, variable in kinds])
        return {(group, name): value for (group, name, _), value in zip(kinds, found)}


class _Recording:
    """A session that records each run of the training operation."""

    def __init__(self, session: Any, program: Program, record: training_record.Record) -> None:
        self._session, self._program, self._record = session, program, record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, fetches: Any, *args: Any, **kwargs: Any) -> Any:
        program, record = self._program, self._record
        listed = fetches if isinstance(fetches, (list, tuple)) else [fetches]
        if not any(fetch is program.train_op for fetch in listed):
            return self._session.run(fetches, *args, **kwargs)
        more: dict[str, Any] = {"rates": [rate for rate in program.rates if rate is not None]}
        if not record.losses:
            more["gradients"] = program.gradients
        asked = {"own": fetches, "loss": program.train_op, "more": more}
        found = self._session.run(asked, *args, **kwargs)
        record.losses.append(np.asarray(found["loss"]))
        known = 0 < len(more["rates"]) == len(program.rates)
        record.rates.append([float(r) for r in found["more"]["rates"]] if known else None)
        record.gradients.update(found["more"].get("gradients", {}))
        return found["own"]


def _chosen(given: Any, default: Any) -> Any:
    """An operation of the loop's arguments; slim's loop takes 0 or nothing for its default."""
    return default() if given is None or (isinstance(given, int) and given == 0) else given


def _is_default_step(function: Any) -> bool:
    home = getattr(function, "__module__", "")
    return getattr(function, "__name__", "") == "train_step" and (
        home.endswith("learning") or worker.is_written(function)
    )


def _beta_2(optimizer: Any) -> float:
    """By how much of itself an optimizer's 1 - beta_2 is off where float32 takes it."""
    beta: Any = getattr(optimizer, "_beta2", None)
    if not isinstance(beta, (int, float)) or beta == 1:
        return 0.0
    return abs(float(np.float32(1) - np.float32(beta)) / (1.0 - beta) - 1.0)


def _rate(optimizer: Any, tf: Any) -> Any:
    """The tensor of an optimizer's learning rate, None where it has none."""
    for name in ("_lr_t", "_learning_rate_tensor"):
        found: Any = getattr(optimizer, name, None)
        if tf.is_tensor(found) and found.shape.ndims == 0:
            return found
    return None
