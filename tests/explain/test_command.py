"""`slimport rules` and `slimport explain`: answers, errors, and what a program reads."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from slimport.cli import main
from slimport.explain.find import everything, find
from slimport.rewrite.registry import all_rules


def slimport(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("SLIM101", "SLIM101"),
        ("slim110", "SLIM110"),
        ("130", "SLIM130"),
        ("conv2d", "SLIM101"),
        ("conv2d()", "SLIM101"),
        ("slim.conv2d", "SLIM101"),
        ("tf_slim.layers.layers.convolution2d", "SLIM101"),
        ("tf.contrib.layers.batch_norm", "SLIM110"),
        ("tensorflow.contrib.slim.arg_scope", "SLIM001"),
        ("@slim.add_arg_scope", "SLIM002"),
        ("slim.learning", "SLIM401"),
        ("tf.contrib.framework.nest", "SLIM340"),
        ("tf.contrib.crf", "SLIM499"),
        ("tf.compat.v1.app.flags", "SLIM310"),
        ("np.int", "SLIM330"),
        ("d.iteritems()", "SLIM360"),
        ("xrange", "SLIM360"),
        ("SLIM999", "SLIM999"),
    ],
)
def test_every_spelling_leads_to_the_rule(asked: str, code: str) -> None:
    found = find(asked)
    assert found is not None and found.rule.code == code


@pytest.mark.parametrize("rule", everything(), ids=lambda rule: rule.code)
def test_every_rule_is_explained(rule: object) -> None:
    code = getattr(rule, "code", "")
    done = slimport("explain", code)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"# {code} ") and "## What is refused" in done.stdout


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("SLIM102x", "SLIM102 conv2d_transpose"),
        ("SLIM107", "SLIM105"),
        ("slim.conv2", "slim.conv2d (SLIM101)"),
        ("bach_norm", "SLIM110 batch_norm"),
    ],
)
def test_unknown_names_the_nearest_and_ends_with_2(asked: str, near: str) -> None:
    done = slimport("explain", asked)
    assert (done.exit_code, done.stdout) == (2, "")
    assert near in done.stderr


@pytest.mark.parametrize("asked", ["qqqqqq", "", ".", "np."])
def test_nothing_near(asked: str) -> None:
    done = slimport("explain", asked)
    assert done.exit_code == 2
    assert done.stderr == f"no rule has the code, name or API {asked!r}\n"


def test_a_mark_is_explained_as_it_stands_in_the_code() -> None:
    mark = (
        "# TODO(slimport): SLIM280 the learning rate of tf.train.AdamOptimizer is a\n"
        "    #   tensor; give a number, or a schedule of the step"
    )
    done = slimport("explain", mark)
    assert done.exit_code == 0
    assert "> This mark:" in done.stdout


def test_the_very_api_is_answered() -> None:
    assert (
        "> `tf.contrib.crf.crf_decode`:" in slimport("explain", "tf.contrib.crf.crf_decode").stdout
    )
    assert "> `tf.mul` is `tf.multiply`." in slimport("explain", "tf.mul").stdout


def test_rules_are_data_too() -> None:
    data = json.loads(slimport("rules", "--output-format", "json").stdout)
    assert data["schema"] == "slimport.rules/1"
    assert [rule["code"] for rule in data["rules"]] == [rule.code for rule in all_rules()]
    one = json.loads(slimport("explain", "conv2d", "--output-format", "json").stdout)
    assert one["code"] == "SLIM101" and one["source"] == "rules/conv2d.py"
    assert one["examples"][0]["before"] and one["examples"][0]["after"]


def test_the_list_is_a_line_for_each_rule_where_it_is_piped() -> None:
    lines = slimport("rules").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [rule.code for rule in all_rules()]
