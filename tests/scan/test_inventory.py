"""The inventory of a tree: counts, states, forms, and what becomes of programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slimport.report.model import Report
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import rewrite_tree
from slimport.scan.inventory import scan_tree
from slimport.scan.model import Form, Kind, ScannedFile, State, Tree, Use
from tests.scan.trees import PROGRAM, make


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("tree"), PROGRAM)


@pytest.fixture(scope="module")
def tree(root: Path) -> Tree:
    return scan_tree(root)


def _file(tree: Tree, path: str) -> ScannedFile:
    return next(file for file in tree.files if file.path == path)


def _use(tree: Tree, api: str) -> Use:
    return next(use for use in tree.uses if use.api == api)


def _form(tree: Tree, path: str, function: str) -> Form:
    return next(form for form in _file(tree, path).forms if form.function == function)


def test_states_of_files(tree: Tree) -> None:
    states = {file.path: file.state for file in tree.files}
    assert states == {
        "data.py": State.KEPT,
        "nets/__init__.py": State.UNTOUCHED,
        "nets/scoped.py": State.REWRITTEN,
        "nets/small.py": State.REWRITTEN,
        "plain.py": State.UNTOUCHED,
        "quantize.py": State.MARKED,
        "train.py": State.REWRITTEN,
    }


def test_references_are_counted_as_they_are_spelled(tree: Tree) -> None:
    use = _use(tree, "slim.conv2d")
    assert (use.total, use.rewritten, use.left, use.code, use.files) == (4, 4, 0, "SLIM101", 2)
    assert use.spellings == {"slim.conv2d": 4}
    total = tree.total(Kind.SLIM)
    assert total == {"total": 7, "rewritten": 6, "kept": 0, "left": 1, "ignored": 0}


def test_a_scope_whose_defaults_go_into_its_calls_is_rewritten(tmp_path: Path) -> None:
    make(tmp_path, {"net.py": """
        import tf_slim as slim


        def net(images):
            with slim.arg_scope([slim.conv2d], stride=2):
                return slim.conv2d(images, 8, [3, 3], scope='conv1')
        """})  # fmt: skip
    tree = scan_tree(tmp_path)
    use = _use(tree, "slim.arg_scope")
    assert (use.total, use.rewritten, use.kept) == (1, 1, 0)
    assert tree.needed == {}


def test_what_is_left_is_named_with_its_reason(tree: Tree) -> None:
    use = _use(tree, "tf.contrib.quantize.create_eval_graph")
    assert (use.left, use.code) == (1, "SLIM499")
    assert list(use.reasons.values()) == [1]
    assert tree.needed == {"tf.contrib.quantize.create_eval_graph": 1}
    assert [mark["line"] for mark in _file(tree, "quantize.py").marks] == [3]


def test_names_of_tensorflow_1_that_sessions_keep(tree: Tree) -> None:
    use = _use(tree, "tf.Session")
    assert (use.kind, use.total, use.kept, use.left) == (Kind.TF1, 1, 1, 0)
    assert _use(tree, "tf.constant").kind is Kind.TF


def test_counts_are_those_of_a_rewrite(root: Path, tree: Tree) -> None:
    report: Report = rewrite_tree(root).report
    counts = [(item.api, 0) for file in report.files for item in file.rewritten]
    counts += [(item.api, 1) for file in report.files for item in file.left]
    for use in tree.uses:
        found = (counts.count((use.api, 0)), counts.count((use.api, 1)))
        assert (use.rewritten, use.left) == found, use.api


def test_closed_and_open_functions(tree: Tree) -> None:
    assert _form(tree, "nets/small.py", "small").closed
    scoped = _form(tree, "nets/scoped.py", "scoped")
    assert not scoped.closed
    assert "a caller runs it under an arg_scope or a variable scope" in scoped.why
    assert (tree.share.calls, tree.share.closed) == (4, 3)


def test_where_a_function_runs(tree: Tree) -> None:
    assert _form(tree, "nets/small.py", "small").places == ("functional", "graph")
    assert _form(tree, "nets/scoped.py", "scoped").places == ("functional",)
    assert _file(tree, "train.py").starts
    assert not _file(tree, "nets/small.py").starts


def test_layers_that_lose_their_session_would_be_plain(tmp_path: Path) -> None:
    make(tmp_path, {
        "net.py": PROGRAM["nets/small.py"],
        "run.py": "import net\nimport tensorflow as tf\n\nsession = tf.Session()\n",
    })  # fmt: skip
    share = scan_tree(tmp_path).share
    assert (share.calls, share.plain, share.plain_without_sessions) == (3, 0, 3)
    assert scan_tree(tmp_path, Options(target="keras")).share.plain == 3


def test_why_layers_are_not_plain(tree: Tree) -> None:
    kinds = {reason["kind"]: reason["layer_calls"] for reason in tree.reasons}
    assert kinds["sessions run it"] == 3
    assert kinds["callers open scopes around it"] == 1


def test_a_loop_on_a_session_says_what_would_take_it_along(tree: Tree) -> None:
    (block,) = (block for block in tree.blocks if block.kind == "training")
    assert (block.path, block.function, block.on_sessions) == ("train.py", "main", True)
    assert block.why


def test_loops_of_slim_become_fit(tmp_path: Path) -> None:
    make(tmp_path, {"train.py": """
        import tensorflow as tf
        import tf_slim as slim


        def build_loss(x, y):
            return tf.reduce_mean(tf.square(slim.fully_connected(x, 1, scope='fc') - y))


        def train(x, y, folder):
            with tf.Graph().as_default():
                loss = build_loss(tf.constant(x), tf.constant(y))
                optimizer = tf.train.AdamOptimizer(0.1)
                train_op = slim.learning.create_train_op(loss, optimizer)
                slim.learning.train(train_op, folder, number_of_steps=10)
        """})  # fmt: skip
    (block,) = scan_tree(tmp_path).blocks
    assert (block.kind, block.on_sessions, block.line) == ("training", False, 14)
    assert "fit" in block.becomes


def test_hand_loops_with_training_fit(tmp_path: Path) -> None:
    make(tmp_path, {"train.py": """
        import tensorflow as tf
        import tf_slim as slim


        def train(batches):
            images = tf.placeholder(tf.float32, [None, 4])
            loss = tf.reduce_mean(slim.fully_connected(images, 10, scope='logits'))
            train_op = tf.train.AdamOptimizer(0.1).minimize(loss)
            with tf.Session() as sess:
                sess.run(tf.global_variables_initializer())
                for pixels in batches:
                    sess.run([train_op, loss], feed_dict={images: pixels})
        """})  # fmt: skip
    (before,) = scan_tree(tmp_path).blocks
    assert (before.on_sessions, before.becomes) == (True, "its session, on compat.v1")
    assert before.why.startswith("--training fit makes it train_on_batch")
    (after,) = scan_tree(tmp_path, Options(training="fit")).blocks
    assert (after.on_sessions, after.why) == (False, "")


def test_the_written_module_and_import_roots(tree: Tree) -> None:
    assert tree.modules == ["scoped_layers.py"]
    assert tree.roots == ["."]


def test_a_file_that_does_not_parse_is_refused_and_searched(tmp_path: Path) -> None:
    make(tmp_path, {"bad.py": "import tensorflow as tf\nslim.conv2d(\ntf.Session(\n"})
    (file,) = scan_tree(tmp_path).files
    assert (file.state, file.mentions) == (State.REFUSED, 3)
    assert "line" in file.why


def test_a_single_file(tmp_path: Path) -> None:
    root = make(tmp_path, PROGRAM)
    found = scan_tree(root / "nets/small.py")
    assert [file.path for file in found.files] == ["small.py"]
    assert found.total(Kind.SLIM)["total"] == 3


def test_nothing_is_written_and_nothing_runs(tmp_path: Path) -> None:
    root = make(tmp_path, PROGRAM | {"danger.py": """
        import tensorflow as tf
        import pathlib
        pathlib.Path(__file__).with_name("ran").touch()
        slim = tf.contrib.slim
        """})  # fmt: skip
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in _all(root)}
    scan_tree(root)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in _all(root)} == before


def _all(root: Path) -> list[Path]:
    found = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
    return sorted(found)
