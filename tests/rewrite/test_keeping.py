"""What is not parsed since it stays: each reference would, were it visited."""

from pathlib import Path

import libcst as cst
import pytest

from slimport.index.modules import Module
from slimport.rewrite import engine, keeping, rewriter
from slimport.rewrite.engine import FileRewrite
from slimport.rewrite.file_result import FileResult
from slimport.rewrite.outcomes import Outcomes
from slimport.rewrite.plan import Options, Plan
from slimport.rewrite.registry import all_rules
from slimport.rewrite.rule import Keep
from slimport.rewrite.services import Services
from slimport.rewrite.tree import rewrite_tree

EXAMPLES = [(e.before, e.training) for rule in all_rules() for e in rule.examples]
LEGACY = Path(__file__).parents[2] / "fixtures" / "legacy"
MORE = """import tensorflow as tf
import tf_slim as slim
from tensorflow.python.ops import array_ops

nn = tf.nn
FLAGS = tf.app.flags.FLAGS
relu = tf.nn.relu


def mixed(x, parts):
    x = nn.relu(array_ops.zeros([2, 3]) + x)
    y = tf.concat(parts, 1) + tf.concat([x, x], FLAGS.axis)
    y += tf.concat(1, [x, x]) + tf.concat(FLAGS.axis, [x, x]) + tf.concat(values=[x], axis=0)
    y += tf.concat(concat_dim=1, values=parts) + tf.concat([1], [x])
    y += relu(tf.where(x > 0)) + tf.expand_dims(x, dim=1) + tf.reduce_sum(x, keep_dims=True)
    return tf.nosuchname(y), x.get_shape()[0].value, tf.float32, tf.estimator.ModeKeys.TRAIN


def net(x):
    x = slim.conv2d(x, 4, 1, activation_fn=tf.nn.elu)
    return tf.reshape(tf.concat([x, x], 3), [-1, x.get_shape()[1].value])
"""


class _Seen(Outcomes):
    """Sees what becomes of each reference that was to be left out."""

    def __init__(self, module: Module, plan: Plan, services: Services) -> None:
        super().__init__(module, plan, services)
        self._facts = keeping.Facts(module, plan)
        functions = plan.program.by_module[module]
        self._function_of = {id(r): f for f in functions for r in f.references}

    def settle(self, reference, node, apply):  # type: ignore[no-untyped-def]
        outcomes = []

        def applied(rule):  # type: ignore[no-untyped-def]
            outcomes.append(apply(rule))
            return outcomes[-1]

        found = super().settle(reference, node, applied)
        if keeping.is_kept(reference, self._function_of[id(reference)], self._facts):
            assert [type(outcome) for outcome in outcomes] == [Keep], reference.api.name
            seen.append(reference.api.name)
        return found


seen: list[str] = []


def test_what_is_left_out_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen.clear()
    monkeypatch.setattr(rewriter, "Outcomes", _Seen)
    monkeypatch.setattr(engine, "has_blocks", lambda module, plan: True)
    for number, (text, training) in enumerate([*EXAMPLES, (MORE, None)]):
        folder = tmp_path / f"of_{number}"
        folder.mkdir()
        (folder / "x.py").write_text(text)
        result = rewrite_tree(folder, Options(training=training))
        errors = [file.error for file in result.report.failed]
        assert not any("AssertionError" in str(error) for error in errors), errors
    assert {"tf.concat", "tf.float32", "tensor.get_shape"} <= set(seen)
    assert len(seen) > 200


def test_what_is_left_out_is_kept_in_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen.clear()
    monkeypatch.setattr(rewriter, "Outcomes", _Seen)
    monkeypatch.setattr(engine, "has_blocks", lambda module, plan: True)
    for tree in ("session_scripts", "training_steps"):
        result = rewrite_tree(LEGACY / tree)
        assert not result.report.failed, result.report.failed[0].error
    assert len(seen) > 20


def test_silent_files_have_nothing_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered without libcst is what libcst's visit finds: nothing."""
    silent: list[Module] = []
    real = FileRewrite.result

    def is_silent(module: Module, plan: Plan) -> bool:
        if keeping.is_silent(module, plan):
            silent.append(module)
        return False

    def checked(self: FileRewrite) -> FileResult:
        found, module = real(self), self.module
        assert module not in silent or found == FileResult(self.source.data), module.path
        return found

    monkeypatch.setattr(engine, "is_silent", is_silent)
    monkeypatch.setattr(FileRewrite, "result", checked)
    for tree in ("ssd_inception_v2", "session_scripts"):
        result = rewrite_tree(LEGACY / tree)
        assert not result.report.failed, result.report.failed[0].error
    assert len(silent) > 3


def test_silent_files_are_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.py").write_text(
        "import tensorflow as tf\nimport tf_slim as slim\nfrom sizes import largest\n\n\n"
        "def net(x):\n    return slim.conv2d(tf.log(x), 8, 1)\n\n\n"
        "def limit(x):\n    return largest(x) + 1\n"
    )
    (tmp_path / "sizes.py").write_text(
        "import tensorflow as tf\n\n\ndef largest(x):\n    return tf.reduce_max(x)\n"
    )
    parsed: list[bytes] = []
    real = cst.parse_module

    def parse(data: bytes) -> object:
        parsed.append(data)
        return real(data)

    monkeypatch.setattr(cst, "parse_module", parse)
    assert sorted(map(str, rewrite_tree(tmp_path).outputs)) == ["net.py"]
    assert any(b"tf.log" in data for data in parsed)
    assert not any(b"reduce_max" in data for data in parsed)
