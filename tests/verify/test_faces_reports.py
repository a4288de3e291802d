"""What each report says of samples: the line that parts, floors, cost; sizes stay bounded."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path

import pytest
import sample_results
from rich.console import Console

from slimport.verify.faces import (
    cost_words,
    excerpts,
    links,
    places,
    plots,
    progress,
    text,
    wording,
)
from slimport.verify.faces.html import to_html
from slimport.verify.faces.html_tables import Room
from slimport.verify.faces.links import Links
from slimport.verify.faces.markdown import LIMIT, to_markdown
from slimport.verify.faces.markdown_text import code, escaped, fenced
from slimport.verify.result import ModeResult, Status, VerifyResult
from slimport.verify.running.news import News, Stage


def printed(result: VerifyResult, width: int) -> list[str]:
    out = io.StringIO()
    text.print_result(result, Console(file=out, width=width, emoji=False))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def failing() -> VerifyResult:
    return sample_results.failing_run()


# -- terminal


def test_the_terminal_shows_the_line_the_legacy_line_and_the_rule(failing: VerifyResult) -> None:
    lines = printed(failing, 100)
    place = lines.index("inception, inference")
    assert lines[place + 1 : place + 7] == [
        "  differs from here  nets/inception.py:137  pool = avg_pool2d(net, [3, 3], name='p')",
        "  legacy line        nets/inception.py:131  pool = slim.max_pool2d(net, [3, 3])",
        "  written by         SLIM130 pool2d",
        "  defaults set at    nets/inception.py:66  with layer_defaults([avg_pool2d]):",
        "  called from        models/ssd.py:58  net = inception_base(images, 'Mixed_4a')",
        "  why                the legacy operation is MaxPool, the migrated one AvgPool",
    ]
    assert lines[lines.index("inception, training") + 1] == (
        "  from the same line as inception, inference: nets/inception.py:137"
    )
    assert lines[-1] == "2 of 4 cases not equal: inception, vgg."


def test_the_tables_of_the_terminal_fit_100_columns(failing: VerifyResult) -> None:
    lines = printed(failing, 100)
    assert max(map(len, lines)) <= 100
    head = next(line for line in lines if line.startswith("case") and "floor" in line)
    assert head.split() == ["case", "mode", "tensors", "floor", "difference", "ratio", "allowed"]
    row = next(line for line in lines if line.startswith("resnet"))
    assert row.split() == ["resnet", "inference", "6", "2.0e-7", "6.0e-7", "3.0", "1.0e-5", "equal"]
    assert any("86.0 ms → 103 ms  258 ms → 310 ms  412 MB → 412 MB" in line for line in lines)


def test_a_log_is_as_wide_as_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert text.console_of_command().width == 100
    monkeypatch.setenv("COLUMNS", "70")
    assert text.console_of_command().width == 70


def test_a_log_of_a_side_is_cut() -> None:
    trace = "\n".join(f"line {k}" for k in range(500))
    mode = ModeResult("inference", Status.FAILED, errors={"old": trace})
    lines = printed(sample_results.run(sample_results.case("net", mode)), 100)
    assert "line 499" in lines and "line 100" not in lines and "  ... 460 lines" in lines


# -- progress


def test_progress_counts_each_side() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with progress.shown(console) as tell:
        for name, stage in (("a", Stage.DONE), ("b", Stage.FAILED), ("c", Stage.UNCHANGED)):
            tell("old", News(name, Stage.BEGUN, 4))
            tell("old", News(name, stage, 4))
        tell("old", News("[d]", Stage.BEGUN, 4))
        tell("new", News("a", Stage.BEGUN, 1))
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert re.search(r"old .* 3/4 .*\[d\]  \(1 failed\)", seen)
    assert re.search(r"new .* 0/1 .* a", seen)


def test_no_progress_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown() as tell:
        tell("old", News("a", Stage.BEGUN, 4))
    assert capsys.readouterr() == ("", "")


# -- Markdown


def test_a_comment_shows_where_the_sides_part(failing: VerifyResult) -> None:
    tree = "https://server/o/r/blob"
    comment = to_markdown(failing, Links(f"{tree}/aaa/", f"{tree}/bbb/"))
    assert "- pool = slim.max_pool2d(net, [3, 3])\n+ pool = avg_pool2d(net, [3, 3], name='p')" in (
        comment
    )
    assert f"[`nets/inception.py:137`]({tree}/bbb/nets/inception.py#L137)" in comment
    assert f"[`nets/inception.py:131`]({tree}/aaa/nets/inception.py#L131)" in comment
    assert "- written by: SLIM130 pool2d" in comment
    assert "**0.31** of its scale apart, 1.6e6 times its noise floor" in comment
    assert comment.index("not equal") < comment.index("avg_pool2d") < comment.index("| case |")
    assert "Cost of the new side: inference ×1.20, training step ×1.20" in comment
    assert "seed 0 (cases of their own: 7)" in comment
    assert "| tensorflow | 1.15.5 | 2.21.0 |" in comment
    assert comment.count("<details>") == comment.count("</details>") == 4


def test_comments_are_short() -> None:
    assert len(to_markdown(sample_results.equal_run(12))) < 6_000
    comment = to_markdown(sample_results.many(500))
    assert len(comment) < 20_000
    assert "and 470 more" in comment
    assert comment.count("| ❌&nbsp;differs |") == 5


def test_a_comment_of_very_many_failures_stays_below_the_limit() -> None:
    trace = "\n".join("x" * 500 for _ in range(50))

    def failed(case: int) -> list[ModeResult]:  # each in its own way: what is said once is short
        errors = [{"new": f"{case}{name}{trace}"} for name in "abc"]
        return [ModeResult(e["new"][:9], Status.FAILED, errors=e) for e in errors]

    off = sample_results.mode("training", (0.5,) * 6, 6, True)
    notes = [dataclasses.replace(off, notes=[f"{k} " + "n" * 5_000]) for k in range(500)]
    cases = [sample_results.case(f"c{k}" * 40, *failed(k), note) for k, note in enumerate(notes)]
    text = "key = 1\n" * 5_000
    comment = to_markdown(sample_results.run(*cases, case_text=text))
    assert LIMIT / 2 < len(comment) <= LIMIT + 2_000
    assert "did not fit: see the full report" in comment
    assert comment.splitlines()[1].endswith("not equal")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (code("a`b|c"), "``a`b\\|c``"),
        (code("`"), "`` ` ``"),
        (escaped("<b> *x* [y](z) @me #1 a_b"), "&lt;b&gt; \\*x\\* \\[y\\](z) \\@me \\#1 a\\_b"),
        (fenced(["```", "x"])[0], "````"),
    ],
)
def test_nothing_of_a_tree_becomes_markup(made: str, expected: str) -> None:
    assert made == expected


def test_links_come_from_the_build_server(tmp_path: Path) -> None:
    result = sample_results.run(base=f"origin/main ({'a' * 40})")
    result.new, result.old = str(tmp_path / "src"), "/tmp/base/src"
    github = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SHA": "b" * 40,
        "GITHUB_WORKSPACE": str(tmp_path),
    }
    found = links.links_from(github, result)
    assert found.new == f"https://github.com/o/r/blob/{'b' * 40}/src/"
    assert found.old == f"https://github.com/o/r/blob/{'a' * 40}/src/"
    result.old = "/tmp/base/legacy"
    assert links.links_from(github, result) == Links("", found.new)
    gitlab = {
        "CI_PROJECT_URL": "https://gitlab.com/o/r",
        "CI_COMMIT_SHA": "c" * 40,
        "CI_PROJECT_DIR": str(tmp_path / "src"),
    }
    result.base = ""
    assert links.links_from(gitlab, result) == Links(
        "", f"https://gitlab.com/o/r/-/blob/{'c' * 40}/"
    )
    result.new = "/elsewhere"
    assert links.links_from(github, result) == links.links_from({}, result) == Links()


# -- HTML


def test_the_page_shows_both_lines_and_the_rule(failing: VerifyResult) -> None:
    page = to_html(failing)
    assert page.index("Where it differs") < page.index('<h2 id="cases">')
    assert page.count('<span class="site"><i>131</i>pool = slim.max_pool2d(net, [3, 3])') == 1
    assert '<a href="#rule-SLIM130">SLIM130</a> pool2d' in page
    assert '<dt id="rule-SLIM130">SLIM130 pool2d</dt>' in page
    anchors = set(re.findall(r'href="#([^"]+)"', re.sub(r"<svg.*?</svg>", "", page, flags=re.S)))
    assert anchors <= set(re.findall(r'\bid="([^"]+)"', page))
    assert "Time and memory of old and new" in page and "×1.20" in page
    assert "and their differences" in page
    assert "1.15.5" in page and "origin/main (1a2b3c4)" in page


def test_what_keeps_a_side_from_running_stands_once_on_the_page() -> None:
    def failed(trace: str, *modes: str) -> list[ModeResult]:
        return [ModeResult(name, Status.FAILED, errors={"new": trace}) for name in modes]

    three = ("inference", "training", "inference_from_training")
    imports = "importing nets.vgg\nTraceback (most recent call last):\nImportError: no such name"
    cases = [sample_results.case(f"vgg_{k}", *failed(imports, *three)) for k in range(40)]
    cases.append(
        sample_results.case(
            "half", sample_results.equal_mode("inference"), *failed("ValueError: half", "training")
        )
    )
    page = to_html(sample_results.run(*cases))
    assert page.count("Traceback (most recent call last)") == 1
    assert page.count('class="card bad"') == 2
    assert ">half, training</a>" in page and "and 28 more" in page
    assert page.count(">all 3<") == page.count("in all 3 modes") == 40
    assert "modes have no plots here" not in page
    anchors = set(re.findall(r'href="#([^"]+)"', re.sub(r"<svg.*?</svg>", "", page, flags=re.S)))
    assert anchors <= set(re.findall(r'\bid="([^"]+)"', page))


def test_a_case_that_differs_in_one_mode_and_fails_in_another_has_both() -> None:
    off = sample_results.mode("inference", (0.5,) * 6)
    fails = ModeResult("training", Status.FAILED, errors={"old": "ValueError: odd"})
    page = to_html(sample_results.run(sample_results.case("net", off, fails)))
    assert page.count('class="card bad"') == 2 and ">net, training</a>" in page


def test_source_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("error_by_depth", "scatter", "overview"):
        monkeypatch.setattr(f"slimport.verify.faces.plots.{name}", lambda _: "")
    site = dataclasses.replace(sample_results.DIVERGENCE.new[0], text='"</script><zz>x"')
    found = dataclasses.replace(
        sample_results.DIVERGENCE,
        new=(site, site),
        old=(site,),
        rules=("SLIM130 <zz>",),
        why="<zz>",
    )
    mode = sample_results.mode("inference", (0.5,) * 6)
    mode.divergences = (found,)
    page = to_html(sample_results.run(sample_results.case("<zz>", mode), case_text="<zz>"))
    assert page.count("</script>") == 1
    assert "<zz>" not in page and page.count("&lt;zz&gt;") >= 5


def test_a_page_of_500_cases_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("error_by_depth", "scatter", "overview"):
        monkeypatch.setattr(f"slimport.verify.faces.plots.{name}", lambda _: "<svg></svg>")
    monkeypatch.setattr("slimport.verify.faces.cost_plots.cost_of", lambda _: "<svg></svg>")
    page = to_html(sample_results.many(500))
    assert 500_000 < len(page) < 10_000_000
    assert 30 <= page.count("<svg") < 50
    assert "modes have no plots here" in page
    assert page.count('<section class="case"') == 500


def test_rows_beyond_what_a_page_takes_are_counted() -> None:
    gradients = [sample_results.tensor("gradient", f"w{k}", k, 1e-5) for k in range(90)]
    gradients.append(sample_results.tensor("gradient", "bad", 90, 0.5))
    room = Room(left=100)
    first, second = (room.tables(ModeResult("training", Status.DIFFERS, gradients)) for _ in "ab")
    assert [len(rows) for rows in first[0][1:3]] == [8, 83] and first[0].left_out == 0
    assert [len(rows) for rows in second[0][1:3]] == [8, 1] and second[0].left_out == 82
    assert first[0].visible[0].name == "bad"


def test_plots_are_bounded(failing: VerifyResult) -> None:
    deep = dataclasses.replace(failing.cases[0].modes[0])
    deep.tensors = deep.tensors * 200
    plot = plots.overview([sample_results.case(f"net {k}", deep) for k in range(60)])
    assert plot.count("net ") == plots.CASES
    assert len(plot) < 1_500_000


# -- what the reports are made of


def test_source_is_shown_around_a_line_that_is_still_there(
    failing: VerifyResult, tmp_path: Path
) -> None:
    site = sample_results.DIVERGENCE.new[0]
    result = dataclasses.replace(failing, new=str(tmp_path))
    alone = [excerpts.Row(137, site.text, True)]
    assert excerpts.excerpt(result, "new", site) == alone
    file = tmp_path / site.file
    file.parent.mkdir()
    lines = [f"    line {k}" for k in range(1, 137)] + [f"    {site.text}", "", "      end"]
    file.write_text("\n".join(lines), "utf-8")
    rows = excerpts.excerpt(result, "new", site)
    assert [(row.number, row.text) for row in rows] == [
        *((number, f"line {number}") for number in (134, 135, 136)),
        *((137, site.text), (138, ""), (139, "  end")),
    ]
    assert [row.number for row in rows if row.is_site] == [137]
    file.write_text("\n".join(["# edited since", *lines]), "utf-8")
    assert excerpts.excerpt(result, "new", site) == alone


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((None, "–"), (0.0, "0"), (2.04e-7, "2.0e-7"), (0.31, "0.31"), (9.0, "9.0")),
        *((250.4, "250"), (3.14e6, "3.1e6"), (float("inf"), "∞"), (float("nan"), "nan")),
    ],
)
def test_numbers_are_short(value: float | None, expected: str) -> None:
    assert wording.number(value) == expected


def test_cost_in_words() -> None:
    found = {measure.name: measure for measure in cost_words.measures(sample_results.cost())}
    assert found["inference"].words == "86.0 ms → 103 ms"
    assert found["training step"].times == pytest.approx(1.2)
    assert found["parameters"].words == "10,173,112"
    assert cost_words.shown(1.5e9, "bytes") == "1.50 GB"
    assert cost_words.shown(12.0, "s") == "12.0 s"


def test_rules_keep_what_is_said_behind_their_code() -> None:
    assert places.rule_in_words("SLIM101, edited by hand since") == (
        "SLIM101 conv2d, edited by hand since"
    )
    assert places.rule_in_words("SLIM999") == "SLIM999"
    assert [rule.code for rule in places.rules_of(["SLIM130", "SLIM101, SLIM130"])] == [
        "SLIM101",
        "SLIM130",
    ]
