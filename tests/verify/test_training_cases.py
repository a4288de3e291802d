"""Training cases: optimizers, losses and loops of the fixture, and faults that must be named."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from slimport.verify.protocol import TRAINING_GROUPS
from slimport.verify.result import CaseResult, Status
from slimport.verify.run import Settings, verify
from tests.verify.planted.plant import statement

LEGACY = Path(__file__).parents[2] / "fixtures" / "legacy"
FIXTURE, DETECTOR = LEGACY / "training_steps", LEGACY / "ssd_inception_v2"

#: Cases that run with every test; `test_every_case_is_equal` takes the others.
QUICK = (
    "adam", "rmsprop_centered", "multiplied_and_clipped", "one_layer", "batches", "rows_adam",
    "tf_weighted", "session_ftrl", "session_queue", "session_averages",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A fault in migrated code.

    Attributes:
        case: The case of the fixture that must find it.
        file: The migrated file that is edited.
        pattern: What is replaced, once.
        replacement: What takes its place.
        group: The kind of tensor that must be named first.
        name: The tensor, or the end of its name; any if empty.
        step: The step after which it shows.
        legacy: A part of the legacy statement that must be named.
        named: A part of the migrated statement that must be named, where that is not the fault's.
        defaults: Whether the fault is in a statement that sets defaults.
    """

    case: str
    file: str
    pattern: str
    replacement: str
    group: str
    name: str = ""
    step: int = 1
    legacy: str = ""
    named: str = ""
    defaults: bool = False


#: Programs beside the fixture's: a step function of its own, an input that ends, no training.
MORE = """
import tensorflow as tf

import losses
import small_net
from train_sessions import batches, build_loss

slim = tf.contrib.slim


def steps_of_its_own(folder=None):
  with tf.Graph().as_default():
    train_op = slim.learning.create_train_op(
        build_loss(batches, 'tf', 'mean_squared_error'), tf.train.AdagradOptimizer(.1))
    losses_seen = []

    def two_steps(session, *args, **kwargs):
      slim.learning.train_step(session, *args, **kwargs)
      loss, should_stop = slim.learning.train_step(session, *args, **kwargs)
      losses_seen.append(loss)
      return loss, should_stop

    return slim.learning.train(train_op, folder, train_step_fn=two_steps)


def short(examples):
  data = tf.data.Dataset.from_tensor_slices(small_net.data())
  return data.batch(3).make_one_shot_iterator().get_next()


def input_that_ends(folder=None):
  with tf.Graph().as_default():
    train_op = slim.learning.create_train_op(
        build_loss(short, 'tf', 'mean_squared_error'), tf.train.AdagradOptimizer(.1))
    return slim.learning.train(train_op, folder)


def no_training():
  return None
"""
#: `tf.contrib.opt.MovingAverageOptimizer`, and by hand what it is with fit.
AVERAGED = """
import tensorflow as tf

import train

slim = tf.contrib.slim


def averaged(folder=None):
  with tf.Graph().as_default():
    step = slim.get_or_create_global_step()
    total_loss = train.build_loss('tf', 'softmax_cross_entropy', .01)
    optimizer = tf.contrib.opt.MovingAverageOptimizer(
        tf.train.MomentumOptimizer(.05, .9), average_decay=.9)
    train_op = slim.learning.create_train_op(total_loss, optimizer, global_step=step)
    return slim.learning.train(train_op, folder)
"""
AVERAGED_BY_HAND = """
import train
from scoped_layers import LossModel, Momentum
from slimport.written.moving_average_optimizer import MovingAverageOptimizer


def averaged(decay=.9):
  model = LossModel(train.build_loss, 'tf', 'softmax_cross_entropy', .01)
  model.compile(MovingAverageOptimizer(Momentum(.05, .9), decay))
  model.fit(model.batches, steps_per_epoch=20)


def averaged_slower():
  averaged(.95)
"""
MORE_CASES = """
[[training]]
name = "averaged"
entry = "averaged:averaged"
[[training]]
name = "averaged_slower"
old_entry = "averaged:averaged"
new_entry = "averaged:averaged_slower"
steps = [1, 3]
[[training]]
name = "steps_of_its_own"
entry = "more:steps_of_its_own"
places = ["graph"]
steps = [1, 3]
[[training]]
name = "input_that_ends"
entry = "more:input_that_ends"
places = ["graph"]
steps = [3, 5]
[[training]]
name = "no_training"
entry = "more:no_training"
places = ["model", "graph"]
"""

LATE = """
class Late(keras.optimizers.schedules.ExponentialDecay):
  def __call__(self, step):
    return super().__call__(step + 1)


def learning_rate("""

FAULTS = {
    # Keras' default in place of TensorFlow's.
    "adam_epsilon": Fault(
        "adam", "train.py", r"keras\.optimizers\.Adam\(rate, epsilon=1e-8\)",
        "keras.optimizers.Adam(rate)", "weight",
        legacy="AdamOptimizer",
    ),
    # Mean squares that begin at zero.
    "rmsprop_slots_of_ones": Fault(
        "rmsprop", "train.py", r"return RMSProp\(rate\)",
        "return keras.optimizers.RMSprop(rate, epsilon=1e-10, momentum=1e-30)", "slot", "/rms",
        legacy="RMSPropOptimizer",
    ),
    # Parts of a row that is looked up twice are squared before they are added.
    "sparse_adam_of_keras": Fault(
        "rows_adam", "train_rows.py", r"return SparseAdam\(", "return keras.optimizers.Adam(",
        "slot", "table/v",
        legacy="AdamOptimizer",
    ),
    "nesterov_lost": Fault(
        "nesterov", "train.py", r", nesterov=True", "", "weight",
        legacy="use_nesterov",
    ),
    # The learning rate in the velocity: right until the schedule falls.
    "momentum_of_keras": Fault(
        "rate_staircase", "train.py", r"return Momentum\(rate, \.9\)",
        "return keras.optimizers.SGD(rate, .9)", "loss", "steps 4 to 100", step=100,
        legacy="MomentumOptimizer(rate",
    ),
    "schedule_late": Fault(
        "rate_exponential", "train.py", r"def learning_rate\(", LATE, "learning rate",
        legacy="exponential_decay",
    ),
    # Behind the last step that is made: the schedule is asked for it.
    "boundary_late": Fault(
        "rate_piecewise", "train.py", r"\[2, 30\]", "[2, 300]", "learning rate",
        "once 100 steps are made", step=3,
        legacy="piecewise_constant",
    ),
    "multipliers_dropped": Fault(
        "multiplied", "train.py", r",\s+gradient_multipliers=multipliers", "", "gradient",
        legacy="create_train_op",
    ),
    "clipping_dropped": Fault(
        "clipped", "train.py", r",\s+clip_gradient_norm=clip", "", "gradient",
        legacy="create_train_op",
    ),
    "trains_everything": Fault(
        "one_layer", "train.py", r"variables_to_train=to_train,\s+", "", "gradient", "conv/weights",
        legacy="create_train_op",
    ),
    "batch_skipped": Fault(
        "batches", "train_records.py", r"batches = batches\.prefetch",
        "batches = batches.skip(1).prefetch", "loss", "step 1",
        legacy="sparse_softmax_cross_entropy", named="compile(",
    ),
    "loss_over_the_batch": Fault(
        "tf_weighted", "losses.py", r"softmax_cross_entropy\(onehot, logits, weights=weights\)",
        r"softmax_cross_entropy(onehot, logits, weights=weights, "
        "reduction='weighted_sum_over_batch_size')", "loss", "step 1",
        legacy="mean_squared_error", named="mean_squared_error",
    ),
    "weight_decay_doubled": Fault(
        "sgd", "small_net.py", r"0\.5 \* weight_decay", "weight_decay", "loss", "step 1",
        legacy="sparse_softmax_cross_entropy", defaults=True,
    ),
    "statistics_slower": Fault(
        "sgd", "small_net.py", r"'decay': \.9", "'decay': .99", "statistic",
        "conv/BatchNorm/moving_mean",
        legacy="normalizer_fn", named="normalizer_params",
    ),
    "averages_slower": Fault(
        "session_averages", "train_sessions.py", r"decay=\.9, number_of", "decay=.99, number_of",
        "average",
        legacy="ExponentialMovingAverage", named="ExponentialMovingAverage(decay)",
    ),
    "update_ops_dropped": Fault(
        "session_momentum", "train_sessions.py",
        r"update_ops=tf\.get_collection\(\s*tf\.GraphKeys\.UPDATE_OPS\)", "update_ops=[]",
        "statistic", "conv/BatchNorm/moving_mean",
        legacy="create_train_op",
    ),
}  # fmt: skip
MODULES = ("losses", "small_net", "train", "train_records", "train_rows", "train_sessions")


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture, with more programs."""
    out = tmp_path_factory.mktemp("legacy") / "training_steps"
    shutil.copytree(FIXTURE, out)
    (out / "more.py").write_text(MORE, "utf-8")
    return out


@pytest.fixture(scope="module")
def migrated(legacy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, rewritten."""
    out = tmp_path_factory.mktemp("migrated") / "training_steps"
    report = rewrite(Request((legacy,), out, write=True)).report
    assert not report.failed and not report.left
    return out


@pytest.fixture(scope="module")
def judged(
    legacy: Path, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, CaseResult]:
    """The verdict on some of the cases, on each fault, and on more programs."""
    (legacy / "averaged.py").write_text(AVERAGED, "utf-8")
    (migrated / "averaged.py").write_text(AVERAGED_BY_HAND, "utf-8")
    file = tmp_path_factory.mktemp("cases") / "cases.toml"
    tables = cases_of((FIXTURE / "verify.toml").read_text("utf-8"))
    wanted = [tables[name] for name in QUICK]
    for name, fault in FAULTS.items():
        plant(migrated, name, fault)
        table = tables[fault.case].replace(f'name = "{fault.case}"', f'name = "{name}"')
        entry = re.search(r'entry = "(\w+):(\w+)"', table)
        assert entry is not None
        assert "steps" not in table
        # A fault of the first step needs no hundred of them.
        steps = f"steps = {sorted({1, 3, fault.step})}\n"
        wanted.append(f'{table}new_entry = "{entry[1]}_{name}:{entry[2]}"\n{steps}')
    file.write_text("\n".join([*wanted, MORE_CASES]), "utf-8")
    return {case.name: case for case in verify(file, legacy, migrated).cases}


def cases_of(text: str) -> dict[str, str]:
    """The tables of a case file, by the name of the case."""
    tables = re.split(r"(?m)^(?=\[\[training\]\]$)", text)[1:]
    tables = [re.sub(r"(?m)^#.*\n", "", table).rstrip() + "\n" for table in tables]
    return {re.findall(r'name = "(\w+)"', table)[0]: table for table in tables}


def plant(tree: Path, name: str, fault: Fault) -> None:
    """Writes the modules of the tree once more, with a fault in one of them."""
    for module in MODULES:
        text = (tree / f"{module}.py").read_text("utf-8")
        if fault.file == f"{module}.py":
            text, count = re.subn(fault.pattern, fault.replacement, text, count=1)
            assert count == 1, f"{fault.file} holds no {fault.pattern}"
        if name == "schedule_late" and module == "train":
            text = text.replace("schedules.ExponentialDecay(start, 5", "schedules.Late(start, 5")
            text = text.replace("keras.optimizers.schedules.Late(", "Late(")
        for other in MODULES:
            text = re.sub(rf"(?m)^import {other}$", f"import {other}_{name} as {other}", text)
        # A flag is defined once in a process.
        text = re.sub(r"(?m)^flags\.DEFINE.*$", "import train", text)
        (tree / f"{module}_{name}.py").write_text(text, "utf-8")


def shown(case: CaseResult) -> str:
    errors = [text for mode in case.modes for text in mode.errors.values()]
    return "\n".join(errors) or str(case.first_divergence)


@pytest.mark.parametrize("name", QUICK)
def test_a_program_takes_the_same_steps(name: str, judged: dict[str, CaseResult]) -> None:
    case = judged[name]
    assert case.status is Status.EQUAL, shown(case)
    (mode,) = case.modes
    assert mode.curves is not None and len(mode.curves.old) == len(mode.curves.new) == 100
    groups = {tensor.group for tensor in mode.tensors}
    assert groups >= {"variable", "loss", "gradient", "weight", "counter"}
    assert ("statistic" in groups) == (name != "rows_adam")
    assert {tensor.step for tensor in mode.of("weight")} == {1, 3, 100}
    assert not [tensor for tensor in mode.of("weight") if tensor.status is Status.NOISE]


def test_slots_averages_and_rates_are_among_what_is_compared(
    judged: dict[str, CaseResult],
) -> None:
    found = {name: judged[name].modes[0] for name in QUICK}
    slots = {t.name.rpartition("/")[2] for t in found["rmsprop_centered"].of("slot")}
    assert slots == {"rms", "mg", "momentum"}
    assert {t.name for t in found["adam"].of("counter")} == {
        "beta1_power", "beta2_power", "global_step",
    }  # fmt: skip
    assert len(found["session_averages"].of("average")) == 3 * 4
    rates = [tensor.name for tensor in found["session_queue"].of("learning rate")]
    assert rates[:4] == ["step 1", "steps 2 to 3", "steps 4 to 100", "once 101 steps are made"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_and_named(name: str, judged: dict[str, CaseResult]) -> None:
    fault, case = FAULTS[name], judged[name]
    assert case.status is Status.DIFFERS, shown(case)
    assert case.first_divergence is not None
    first = case.first_divergence[1]
    assert first.group in TRAINING_GROUPS
    assert (first.group, first.step) == (fault.group, fault.step), first
    assert first.name.endswith(fault.name), first


@pytest.mark.parametrize("name", FAULTS)
def test_the_line_of_a_fault_is_named(
    name: str, judged: dict[str, CaseResult], legacy: Path, migrated: Path
) -> None:
    fault, (mode,) = FAULTS[name], judged[name].modes
    (found,) = mode.divergences
    assert fault.legacy in statement(legacy, found.old[0])[1], found
    sites = found.defaults if fault.defaults else found.new[:1]
    if fault.named:
        assert fault.named in statement(migrated, sites[0])[1], found
        return
    text = (migrated / fault.file).read_text("utf-8")
    edited = text.count("\n", 0, re.search(fault.pattern, text).end()) + 1  # type: ignore[union-attr]
    if name == "schedule_late":
        assert "Late(start, 5" in sites[0].text
        return
    path = f"{Path(fault.file).stem}_{name}.py"
    spans = [statement(migrated, site)[0] for site in sites if site.file == path]
    assert any(edited in span for span in spans), found


def test_averages_of_an_optimizer_around_another(judged: dict[str, CaseResult]) -> None:
    case = judged["averaged"]
    assert case.status is Status.EQUAL, shown(case)
    averages = case.modes[0].of("average")
    assert [tensor.status for tensor in averages] == [Status.EQUAL] * 3 * 4
    assert {tensor.name for tensor in case.modes[0].of("slot")} >= {"conv/weights/momentum"}


def test_averages_that_are_slower_are_named(judged: dict[str, CaseResult]) -> None:
    assert judged["averaged_slower"].first_divergence is not None
    first = judged["averaged_slower"].first_divergence[1]
    assert (first.group, first.step) == ("average", 1)


def test_a_step_function_of_the_program_takes_its_steps(judged: dict[str, CaseResult]) -> None:
    case = judged["steps_of_its_own"]
    assert case.status is Status.EQUAL, shown(case)
    mode = case.modes[0]
    assert mode.curves is not None and len(mode.curves.old) == 3  # of the last run in each step
    assert {t.step for t in mode.of("counter")} == {1, 3}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("input_that_ends", "the input ended after step 4 of 5"),
        ("no_training", "came to its end without training"),
    ],
)
def test_a_program_that_does_not_take_the_steps_fails(
    name: str, message: str, judged: dict[str, CaseResult]
) -> None:
    case = judged[name]
    assert case.status is Status.FAILED
    for mode in case.modes:
        assert set(mode.errors) == {"old", "new"}
        assert all(message in text for text in mode.errors.values())


@pytest.mark.slow
def test_every_case_is_equal(migrated: Path) -> None:
    result = verify(FIXTURE / "verify.toml", FIXTURE, migrated, Settings(jobs=1))
    assert len(result.cases) > 90
    assert result.is_equal, "\n".join(
        shown(case) for case in result.cases if case.status is not Status.EQUAL
    )


@pytest.mark.slow
def test_the_detector_takes_the_same_first_steps(tmp_path: Path) -> None:
    new, data = tmp_path / "new", tmp_path / "shapes"
    rewrite(Request((DETECTOR,), new, write=True))
    command = [sys.executable, "datasets/make_shapes.py", f"--out_dir={data}"]
    subprocess.run([*command, "--num_train=64", "--num_val=1"], cwd=new, check=True)
    text = (DETECTOR / "verify_training.toml").read_text("utf-8")
    text = text.replace("../../../build/shapes", str(data))
    text = text.replace('"configs/', f'"{DETECTOR}/configs/')
    (tmp_path / "cases.toml").write_text(text, "utf-8")
    result = verify(tmp_path / "cases.toml", DETECTOR, new)
    assert result.is_equal, shown(result.cases[0])
    first = [tensor for tensor in result.cases[0].modes[0].tensors if tensor.step == 1]
    assert sum(tensor.status is Status.EQUAL for tensor in first) > 0.95 * len(first)
