"""The tree that the speed of `slimport rewrite` is measured on."""

from pathlib import Path

from benchmarks.rewrite_speed.measure import Row
from benchmarks.rewrite_speed.trees import generate
from slimport.rewrite.tree import rewrite_tree


def _contents(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*.py"))}


def test_it_is_the_same_each_time(tmp_path: Path) -> None:
    assert _contents(generate(tmp_path / "a", 3)) == _contents(generate(tmp_path / "b", 3))
    assert _contents(generate(tmp_path / "c", 3, seed=8)) != _contents(tmp_path / "a")


def test_all_of_it_can_be_rewritten(tmp_path: Path) -> None:
    report = rewrite_tree(generate(tmp_path / "tree", 2)).report
    assert not report.failed
    assert report.left == 0
    assert {"nets/net_0.py", "nets/net_0_test.py", "train.py"} <= {f.path for f in report.changed}


def test_a_ratio_is_ours_to_the_others() -> None:
    assert Row("", ours=1.0, other=4.0).ratio == 0.25
