"""A migrated program that trains with fit: its steps by Keras itself, watched by a callback."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from slimport.verify import protocol
from slimport.verify.workers import (
    loops,
    migrated,
    randomness,
    sites,
    slots,
    smooth,
    training_record,
    training_sites,
    values,
    worker,
)

#: Callbacks of the written module that a comparison has no use for: files, and where to stop.
LEFT_OUT = ("Checkpoints", "StopAtStep", "LogLoss")

#: Callbacks of Keras that set the learning rate, which a schedule then does not tell.
SETTING_RATES = ("LearningRateScheduler", "ReduceLROnPlateau", "LambdaCallback")

#: Variables of every Keras optimizer: the rate is compared for itself, and an optimizer around
#: another counts no steps of its own.
OF_KERAS = ("learning_rate", "iteration")


class FitSide:
    """Runs training cases whose programs end in `fit`."""

    def __init__(self, keras: Any, tf: Any) -> None:
        self.keras, self.tf = keras, tf
        self._fit = keras.Model.fit

    def __call__(self, case: Any, mode: str) -> protocol.Answer:
        return training_record.answer("fit", case["steps"], self.run(case), [])

    def run(self, case: Any) -> Any:
        """Runs the program of a case; returns the `training_record.Record` of its fit."""
        self.keras.backend.clear_session()
        self.keras.utils.set_random_seed(case["seed"])
        training_sites.begin()

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(self._fit).bind(model, *args, **kwargs)
            raise loops.Trained(Watched(self, case, model).fit(self._fit, given.arguments))

        self.keras.Model.fit = fit
        try:
            with smooth.switched_on(case["smooth"]):
                call = worker.program(case)
                randomness.start_pass(case["seed"])
                return loops.run_to_loop(call, case["entry"], "fit")
        finally:
            self.keras.Model.fit = self._fit


@dataclasses.dataclass
class _Held:
    """A variable of an optimizer, as TensorFlow 1 would name it."""

    group: str
    name: str
    variable: Any
    optimizer: Any


class Watched:
    """One run of a model's fit.

    Args:
        side: Keras and TensorFlow.
        case: The case.
        model: The model, compiled.
    """

    def __init__(self, side: FitSide, case: Any, model: Any) -> None:
        self.keras, self.tf, self.case, self.model = side.keras, side.tf, case, model
        self.record = training_record.Record()
        worker.Stage.enter("reading the variables")
        found = migrated.legacy_variables(model)
        self.named = {name: v for name, v in found.items() if not worker.is_left_out(name)}
        self.counted = {name: v for name, v in found.items() if worker.is_left_out(name)}
        self.gradients: dict[str, Any] = {}

    def fit(self, fit: Callable[..., Any], given: dict[str, Any]) -> training_record.Record:
        """Gives variables their shared values and runs fit for the case's steps."""
        for name, variable in self.named.items():
            shape, dtype = tuple(variable.shape), str(np.dtype(str(variable.dtype)))
            variable.assign(values.variable_value(name, shape, dtype, self.case["seed"]))
            site = sites.kept(variable)
            self.record.variables.append((name, list(shape), dtype, int(variable.trainable), site))
        optimizer = self.model.optimizer
        if not optimizer.built:  # averages begin at the values of their variables
            optimizer.build(self.model.trainable_variables)
        for held in self._of_optimizers():
            if held.group == protocol.AVERAGE:
                held.variable.assign(self.named[held.name.removesuffix(training_record.AVERAGE)])
        self._watch_gradients()
        self.record.held[0] = self._held()
        steps = self.case["steps"][-1]
        given = {**given, "verbose": 0, "initial_epoch": 0, "validation_data": None}
        own = self._callbacks(given)
        given["callbacks"] = [*own, _callback(self)]
        if given.get("steps_per_epoch") is None:
            given["epochs"] = steps  # of one step or more; the callback ends them
        else:
            given.update(epochs=1, steps_per_epoch=steps)
        worker.Stage.enter("fitting the model")
        fit(**given)
        self.record.gradients = {name: np.asarray(v) for name, v in self.gradients.items()}
        if len(self.record.losses) < steps:
            raise RuntimeError(training_record.too_short(len(self.record.losses), steps))
        if not any(map(_may_set_rates, own)):
            self.record.far = self._far()
        return self.record

    def _far(self) -> dict[int, list[float]]:
        """What the schedule says of steps that are not made."""
        last = self.optimizers[-1]
        found, made = {}, int(np.asarray(last.iterations))
        for count in training_record.FAR:
            last.iterations.assign(count)
            found[count] = [float(np.asarray(last._get_current_learning_rate()))]
        last.iterations.assign(made)
        return found

    def _callbacks(self, given: dict[str, Any]) -> list[Any]:
        return [c for c in given.get("callbacks") or [] if type(c).__name__ not in LEFT_OUT]

    @property
    def optimizers(self) -> list[Any]:
        """The optimizer and those inside of it; the last one takes the steps."""
        found = [self.model.optimizer]
        while hasattr(found[-1], "inner_optimizer"):
            found.append(found[-1].inner_optimizer)
        return found

    def begin_step(self) -> None:
        """Notes the learning rate, which the optimizer asks for before it counts the step."""
        self.model.reset_metrics()  # the loss of the step, not the mean of all so far
        rate = self.optimizers[-1]._get_current_learning_rate()
        self.record.rates.append([float(np.asarray(rate))])

    def end_step(self, loss: Any) -> None:
        """Notes the loss of a step, and all variables where the case asks for them."""
        self.record.losses.append(np.asarray(loss, "float32"))
        step = len(self.record.losses)
        worker.Stage.enter(f"making step {step + 1}")
        if step in self.case["steps"]:
            self.record.held[step] = self._held()
        self.model.stop_training = step >= self.case["steps"][-1]

    def _watch_gradients(self) -> None:
        """Keeps what reaches the innermost optimizer in the first step."""
        tf, last = self.tf, self.optimizers[-1]
        names = {id(variable): name for name, variable in self.named.items()}
        kept = {
            name: tf.Variable(tf.zeros(variable.shape, variable.dtype), trainable=False)
            for name, variable in self.named.items()
        }
        apply, first = last.apply, int(np.asarray(last.iterations))

        def watched(grads: Any, trainable_variables: Any = None) -> Any:
            variables = trainable_variables or last._trainable_variables
            for gradient, variable in zip(grads, variables, strict=True):
                if gradient is not None:
                    name, dense = names[id(variable)], tf.convert_to_tensor(gradient)
                    is_first = tf.equal(last.iterations.value, first)
                    kept[name].assign(tf.where(is_first, dense, kept[name]))
                    self.gradients[name] = kept[name]
            return apply(grads, trainable_variables)

        object.__setattr__(last, "apply", tf.autograph.experimental.do_not_convert(watched))

    def _of_optimizers(self) -> Iterator[_Held]:
        """The optimizers' variables; each name of Keras begins with that of its variable."""
        of_model = {id(variable) for variable in self.named.values()}
        stems = {v.path.replace("/", "_") + "_": name for name, v in self.named.items()}
        for optimizer in self.optimizers:
            own = [v for v in optimizer.variables if not _is_inner(optimizer, v)]
            for variable in own:
                if variable is optimizer.iterations or variable.name in OF_KERAS:
                    continue
                if id(variable) in of_model:  # tracked by the optimizer, too
                    continue
                known = [stem for stem in stems if variable.name.startswith(stem)]
                stem = max(known, key=len, default="")
                slot = variable.name.removeprefix(stem)
                of = stems.get(stem, "")
                if slot == "average" and of:
                    yield _Held(protocol.AVERAGE, of + training_record.AVERAGE, variable, optimizer)
                else:
                    name = slots.legacy_slot(optimizer, slot)
                    yield _Held(protocol.SLOT, f"{of}/{name}", variable, optimizer)

    def _held(self) -> training_record.Held:
        found: training_record.Held = {}
        for name, variable in self.named.items():
            group = protocol.WEIGHT if variable.trainable else protocol.STATISTIC
            found[group, name] = np.array(variable)
        for held in self._of_optimizers():
            value = np.array(held.variable)
            if held.group == protocol.SLOT:
                value = slots.legacy_value(held.optimizer, value)
            found[held.group, held.name] = value
        last = self.optimizers[-1]
        for name, value in slots.legacy_counters(last).items():
            found[protocol.COUNTER, name] = np.asarray(value)
        found[protocol.COUNTER, "global_step"] = np.asarray(last.iterations, "int64")
        for name, variable in self.counted.items():
            if "seed_generator" not in name:
                found[protocol.COUNTER, name] = np.asarray(variable, "int64")
        return found


def _may_set_rates(callback: Any) -> bool:
    """Whether a callback may be what sets the learning rate; those of the written module do not."""
    kind = type(callback)
    if worker.is_written(kind):
        return False
    return not kind.__module__.startswith("keras.") or kind.__name__ in SETTING_RATES


def _is_inner(optimizer: Any, variable: Any) -> bool:
    inner = getattr(optimizer, "inner_optimizer", None)
    return inner is not None and any(variable is other for other in inner.variables)


def _callback(watched: Watched) -> Any:
    """A Keras callback that tells of each step."""
    return watched.keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: watched.begin_step(),
        on_train_batch_end=lambda batch, logs: watched.end_step(logs["loss"]),
    )
