"""Cases in a TF 1 graph and as a model, random draws shared, and answers kept between runs."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from slimport.verify import run
from slimport.verify.case_files import cases
from slimport.verify.result import Status

# Dropout behind layers, stochastic depth, whole numbers, and a shuffle: everything that draws when
# it runs, in shapes that a tensor is asked for. The second output's shape shows only when it runs.
LEGACY = """
import tensorflow.compat.v1 as tf
import tf_slim as slim


def net(images, keep, is_training=True, scope="Net"):
    with tf.variable_scope(scope):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            weights_regularizer=slim.l2_regularizer(0.01),
                            normalizer_params={"is_training": is_training, "decay": 0.9}):
            net = slim.conv2d(images, 6, [3, 3], scope="conv1")
            batch = tf.shape(images)[0]
            net += tf.random_uniform([batch, 1, 1, 6])  # where it infers, too
            kept = slim.dropout(net, keep, is_training=is_training, scope="drop")
            if is_training:
                draw = tf.random_uniform([batch, 1, 1, 1], dtype=tf.float32)
                kept = kept * tf.floor(0.5 + draw)
                shift = tf.random_uniform(tf.stack([batch * 1, 1, 1, 6]), -2, 5, dtype=tf.int32)
                kept += tf.to_float(shift)
            net = slim.conv2d(net + tf.random_shuffle(kept), 4, [1, 1], scope="conv2")
        logits = slim.fully_connected(slim.flatten(net), 3, scope="logits", activation_fn=None)
        return logits, tf.boolean_mask(logits, tf.greater(logits[:, 0], -1e9))
"""

CASE = {
    "name": "net",
    "entry": "net:net",
    "args": {"keep": 0.7},
    "training_argument": "is_training",
    "places": ["model", "graph"],
    "built_once": False,
    "inputs": [{"shape": [2, 8, 8, 3]}],
}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """A legacy tree, its migrated form, and the answers to the one case of them."""
    root = tmp_path_factory.mktemp("trees")
    (root / "old").mkdir()
    (root / "old" / "net.py").write_text(LEGACY, encoding="utf-8")
    report = rewrite(Request((root / "old",), root / "new", write=True)).report
    assert not report.left
    return root


def verify(root: Path, new: Path, locate: bool = False, **changes):
    """Runs the case; returns its result and the news of it."""
    news: list[str] = []
    file = cases.parse({"case": [{**CASE, **changes}]}, root / "cases")
    file = dataclasses.replace(file, old=root / "old", new=new)
    settings = run.Settings(
        locate=locate,
        cache=root / "cache",
        progress=lambda side, text: news.append(f"{side}: {text}"),
    )
    return run.verify_cases(file, settings).cases[0], news


@pytest.fixture(scope="module")
def first(trees):
    """The first run, which fills the cache."""
    return verify(trees, trees / "new")


def test_model_and_graph_are_equal_with_dropout_on(first):
    result, _ = first
    assert result.status is Status.EQUAL
    assert [mode.mode for mode in result.modes] == [
        "inference", "training", "graph_inference", "graph_training",
    ]  # fmt: skip
    graph = result.modes[-1]
    assert graph.built == "graph"
    assert [len(graph.of(group)) for group in ("update", "gradient", "regularisation")] == [4, 6, 3]
    assert not any("random numbers" in note for mode in result.modes for note in mode.notes)


def test_answers_are_kept_while_nothing_changes(trees, first):
    result, news = verify(trees, trees / "new")
    assert sorted(news) == ["graph: net unchanged", "new: net unchanged", "old: net unchanged"]
    assert result.status is Status.EQUAL
    assert [mode.mode for mode in result.modes] == [mode.mode for mode in first[0].modes]


@pytest.mark.slow
def test_a_planted_error_is_run_anew_and_found_in_both_places(trees, first):
    wrong = trees / "wrong"
    shutil.copytree(trees / "new", wrong)
    source = (wrong / "net.py").read_text(encoding="utf-8")
    assert source.count("0.5 + draw") == 1
    (wrong / "net.py").write_text(source.replace("0.5 + draw", "0.9 + draw"), encoding="utf-8")
    result, news = verify(trees, wrong, locate=True)
    assert "old: net unchanged" in news
    assert "new: net done" in news
    by_mode = {mode.mode: mode.status for mode in result.modes}
    assert by_mode["inference"] is by_mode["graph_inference"] is Status.EQUAL
    assert by_mode["training"] is by_mode["graph_training"] is Status.DIFFERS
    for mode in result.modes[1::2]:
        (found,) = mode.divergences
        assert found.new[0].text == "kept = kept * tf.floor(0.9 + draw)"
        assert found.old[0].text == "kept = kept * tf.floor(0.5 + draw)"
        assert [site.line for site in found.defaults][-1] == found.new[0].line - 9


def test_a_branch_on_the_training_flag_shows_in_a_model_built_once(trees, first):
    result, _ = verify(trees, trees / "new", built_once=True, places=["model"])
    by_mode = {mode.mode: mode.status for mode in result.modes}
    assert by_mode["inference"] is by_mode["training"] is Status.EQUAL
    assert by_mode["inference_from_training"] is Status.DIFFERS


def test_the_rate_of_dropout_is_compared(trees, first):
    result, _ = verify(trees, trees / "new", new_args={"keep": 0.5}, places=["graph"])
    assert result.modes[0].status is Status.EQUAL
    assert result.modes[1].status is Status.DIFFERS


@pytest.mark.slow
def test_an_answer_that_is_an_error_is_not_kept(trees, first):
    for _ in range(2):
        result, news = verify(trees, trees / "new", new_entry="net:absent", modes=["inference"])
        assert result.status is Status.FAILED
        assert "new: net done" in news


def test_a_place_that_is_none_is_refused(trees):
    with pytest.raises(cases.CaseFileError, match="places may hold model and graph only"):
        cases.parse({"case": [{**CASE, "places": ["session"]}]}, trees / "cases")


def test_a_tree_that_changes_in_its_place_is_run_anew(trees, first):
    tree = trees / "edited"
    shutil.copytree(trees / "new", tree)
    before, _ = verify(trees, tree, places=["graph"], modes=["inference"])
    source = (tree / "net.py").read_text(encoding="utf-8")
    assert source.count('6, [3, 3], name="conv1"') == 1
    (tree / "net.py").write_text(
        source.replace('6, [3, 3], name="conv1"', '6, [5, 5], name="conv1"'), encoding="utf-8"
    )
    after, _ = verify(trees, tree, places=["graph"], modes=["inference"])
    assert before.status is Status.EQUAL
    assert after.status is Status.DIFFERS
