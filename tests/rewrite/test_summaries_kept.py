"""Which names do nothing but collect summaries for a loop."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath
from textwrap import dedent, indent

import pytest

from slimport.files.source import Source
from slimport.index.program import Program
from slimport.index.summaries_kept import KeptSummaries, kept_summaries

DEPLOYED = """
summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
for end_point in end_points:
    x = end_points[end_point]
    summaries.add(tf.summary.histogram('activations/' + end_point, x))
    summaries.add(tf.summary.scalar('sparsity/' + end_point,
                                    tf.nn.zero_fraction(x)))
with tf.device('/cpu:0'):
    if rate:
        summaries.add(slim.summaries.add_scalar_summary(rate, 'rate'))
summaries |= set(tf.get_collection(tf.GraphKeys.SUMMARIES, 'clone_0'))
summary_op = tf.summary.merge(list(summaries), name='summary_op')
slim.learning.train(end_points, summary_op=summary_op)
"""


def kept(block: str) -> KeptSummaries | None:
    text = "import tensorflow as tf\nimport tf_slim as slim\n\ndef run(end_points, rate):\n"
    text += indent(dedent(block), "    ")
    source = Source(Path("net.py"), text.encode(), "utf-8", ast.parse(text))
    program = Program({PurePosixPath("net.py"): source})
    function = next(f for f in program.all() if f.qualname == "run")
    assert isinstance(function.node, ast.FunctionDef)
    return kept_summaries(function.node.body, function)


def test_summaries_of_clones() -> None:
    found = kept(DEPLOYED)
    assert found is not None and found.name == "summaries"
    lines = [ast.unparse(statement) for statement in found.serving]
    assert lines == [
        "summaries = set(tf.get_collection(tf.GraphKeys.SUMMARIES))",
        "summaries |= set(tf.get_collection(tf.GraphKeys.SUMMARIES, 'clone_0'))",
        "summary_op = tf.summary.merge(list(summaries), name='summary_op')",
    ]
    assert [ast.unparse(a.summary.func) for a in found.added] == [
        "tf.summary.histogram",
        "tf.summary.scalar",
        "slim.summaries.add_scalar_summary",
    ]
    assert [len(call.args) for call in found.taken] == [1, 2]
    assert isinstance(found.given, ast.Name) and found.given.id == "summary_op"


KEPT = {
    "a list": """
        kept = []
        kept.append(tf.summary.scalar('rate', rate))
        slim.learning.train(rate, summary_op=tf.summary.merge(kept))
        """,
    "a list of all": """
        kept = tf.get_collection('summaries')
        kept += tf.get_collection(tf.GraphKeys.SUMMARIES, scope='net')
        kept.extend(tf.get_collection(tf.GraphKeys.SUMMARIES))
        op = tf.summary.merge(inputs=kept)
        """,
    "two sets": """
        kept = set(tf.get_collection(tf.GraphKeys.SUMMARIES))
        others = set([])
        for x in end_points:
            others.add(tf.summary.histogram(x, rate))
        kept |= others
        op = tf.summary.merge(list(kept))
        """,
    "an empty set": """
        kept = set()
        kept.update(tf.get_collection(tf.GraphKeys.SUMMARIES))
        op = tf.summary.merge(list(kept))
        """,
}


@pytest.mark.parametrize("block", KEPT.values(), ids=list(KEPT))
def test_other_forms(block: str) -> None:
    found = kept(block)
    assert found is not None and found.name == "kept"


USED = {
    "looked at": "print(len(summaries))",
    "handed on": "rate.write(summaries)",
    "something else is added": "summaries.add(rate)",
    "a summary with a name is added": "s = tf.summary.scalar('r', rate); summaries.add(s)",
    "what it gives is used": "none = summaries.add(tf.summary.scalar('rate', rate))",
    "another collection": "summaries |= set(tf.get_collection('losses'))",
    "another value": "summaries = set()",
    "gone": "del summaries",
    "a function of the block adds": "def f(): summaries.add(tf.summary.scalar('a', rate))",
    "a parameter of that name": "f = lambda summaries: rate",
    "a set that is something else": "summaries |= rate",
    "two merges": "tf.summary.merge([])",
    "the merged one is used twice": "rate.run(summary_op)",
    "the merged one is another": "summary_op = rate",
    "added too late": "summaries.add(tf.summary.scalar('rate', rate))",
    "a set of the author's": "set = rate",
}


@pytest.mark.parametrize("line", USED.values(), ids=list(USED))
def test_names_with_other_uses(line: str) -> None:
    assert kept(DEPLOYED + line + "\n") is None


@pytest.mark.parametrize("line", ["others.add(rate)", "print(others)", "others = [rate]"])
def test_other_uses_of_a_second_name(line: str) -> None:
    assert kept(KEPT["two sets"] + f"{line}\n") is None
    late = "kept |= others\n        others.add(tf.summary.scalar('rate', rate))"
    assert kept(KEPT["two sets"].replace("kept |= others", late)) is None


def test_all_statements_of_two_names() -> None:
    found = kept(KEPT["two sets"])
    assert found is not None and len(found.serving) == 4 and len(found.added) == 1


def test_added_before_it_is_made() -> None:
    assert kept("summaries.add(tf.summary.scalar('rate', rate))\n" + DEPLOYED) is None


def test_no_merge() -> None:
    assert kept("summaries = set()") is None
    assert kept("op = tf.summary.merge([tf.summary.scalar('rate', rate)])") is None
