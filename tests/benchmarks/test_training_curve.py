"""The detector's training curves: average precision, statistics, what is kept of finished runs."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.training_curve import comparison, picture, precision, programs, report, runs
from benchmarks.training_curve.one_ulp import next_up

SQUARE = [0.0, 0.0, 0.4, 0.4]
CORNER = [0.6, 0.6, 1.0, 1.0]
# Shares [0.1, 0.4] x [0, 0.4] with SQUARE: 0.12 of 0.20.
LOWER = [0.1, 0.0, 0.5, 0.4]


def detections(found, objects):
    """Rows of (image, class, score, box), and of (image, class, box)."""
    images, classes, scores, boxes = zip(*found, strict=True)
    true_images, true_classes, true_boxes = zip(*objects, strict=True)
    return {
        "images": np.array(images),
        "classes": np.array(classes),
        "scores": np.array(scores),
        "boxes": np.array(boxes),
        "true_images": np.array(true_images),
        "true_classes": np.array(true_classes),
        "true_boxes": np.array(true_boxes),
    }


def test_overlap():
    overlaps = precision.overlap(np.array(SQUARE), np.array([SQUARE, LOWER, CORNER]))
    np.testing.assert_allclose(overlaps, [1.0, 0.6, 0.0])


def test_all_points_under_the_envelope():
    # Right, wrong, right, right of four objects: precision 1, 1/2, 2/3, 3/4; the best from each
    # recall on is 1, 3/4, 3/4, and the fourth object is never found.
    right = np.array([True, False, True, True])
    assert precision.average_precision(right, 4) == pytest.approx((1 + 0.75 + 0.75) / 4)


def test_nothing_found_is_zero():
    assert precision.average_precision(np.zeros(0, bool), 3) == 0.0


def test_an_object_is_found_once_by_the_best_score():
    found = detections(
        [(0, 1, 0.6, SQUARE), (0, 1, 0.9, LOWER)],
        [(0, 1, SQUARE)],
    )
    right, objects = precision.of_class(found, 1, 0.5)
    assert right.tolist() == [True, False] and objects == 1
    # At 0.75 the better score misses, and the object is left for the other.
    assert precision.of_class(found, 1, 0.75)[0].tolist() == [False, True]
    assert precision.mean_average_precision(found, 0.75) == pytest.approx(0.5)


def test_the_second_detection_takes_the_object_that_is_left():
    found = detections(
        [(0, 1, 0.9, SQUARE), (0, 1, 0.8, SQUARE)],
        [(0, 1, SQUARE), (0, 1, LOWER)],
    )
    assert precision.of_class(found, 1, 0.5)[0].tolist() == [True, True]


def test_the_object_that_is_overlapped_most_is_taken():
    found = detections(
        [(0, 1, 0.9, SQUARE), (0, 1, 0.8, LOWER)],
        [(0, 1, LOWER), (0, 1, SQUARE)],
    )
    assert precision.of_class(found, 1, 0.75)[0].tolist() == [True, True]


def test_an_object_of_another_image_is_not_found():
    found = detections([(0, 1, 0.9, SQUARE)], [(1, 1, SQUARE)])
    assert precision.of_class(found, 1, 0.5)[0].tolist() == [False]


def test_classes_are_kept_apart():
    found = detections(
        [(0, 2, 0.9, SQUARE), (1, 1, 0.8, SQUARE), (0, 3, 0.7, SQUARE), (0, 1, 0.6, CORNER)],
        [(0, 1, SQUARE), (1, 1, SQUARE), (0, 2, SQUARE)],
    )
    # Class 3 has no object: its detections are not in the mean.
    assert precision.by_class(found, 0.5) == {1: 0.5, 2: 1.0}
    assert precision.mean_average_precision(found, 0.5) == pytest.approx(0.75)


def test_a_file_of_detections(tmp_path):
    path = tmp_path / "found.npz"
    np.savez(path, **detections([(0, 1, 0.9, LOWER)], [(0, 1, SQUARE)]))
    assert precision.at_thresholds(path, (0.5, 0.75)) == {"0.5": 1.0, "0.75": 0.0}


def test_one_ulp():
    values = np.array([0.0, 1.0, -1.0], np.float32)
    moved = next_up(values)
    assert moved.dtype == np.float32 and (moved > values).all()
    np.testing.assert_array_equal(moved[1:], [1 + 2.0**-23, -1 + 2.0**-24])
    assert next_up(np.array(7)) == 7


def measured(shift=0.0):
    """Three starts a side; the migrated side is off by `shift` and by what the start decides."""

    def run(side, seed, moved=False):
        own = shift + 0.1 * (seed - 2) if side == "migrated" else 0.3 * moved
        maps = {"0.5": 0.5 + own / 10, "0.75": 0.25}
        values = {"recall": 0.5}
        return {
            "side": side,
            "seed": seed,
            "moved": moved,
            "losses": [9.0] * 20 + [5.0 + seed + own] * 40,
            "precision": {"legacy": maps, "migrated": maps},
            "eval": {"legacy": values, "migrated": values},
        }

    pairs = [run(side, seed) for seed in (1, 2, 3) for side in ("legacy", "migrated")]
    return [*pairs, run("legacy", 1, moved=True)]


def test_differences_are_of_pairs():
    found = comparison.compare(measured(shift=0.2))
    last = found.measures[1]
    np.testing.assert_allclose(last.legacy, [6, 7, 8])
    np.testing.assert_allclose(last.differences, [0.1, 0.2, 0.3])
    assert last.error == pytest.approx(0.1 / 3**0.5)
    assert last.half_width == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert not last.told_apart and last.one_ulp == pytest.approx(0.3)


def test_a_side_that_is_off_is_told():
    found = comparison.compare(measured(shift=1.0))
    assert [measure.told_apart for measure in found.measures] == [True, True, True, False]
    text = report.markdown(found, "curves.png")
    assert "loss, last 40 steps: the sides differ by +1.000" in text
    assert "Not told apart by 3 starts: mAP at IoU 0.75." in text


def test_signed_ranks():
    # Published exact values: a sum of ranks of 2 of 8 is 6 of 256 patterns, of 0 of 5 is 2 of 32.
    assert comparison.signed_rank_p(np.array([8, -2, 3, 4, 5, 6, 7, 1])) == pytest.approx(6 / 256)
    assert comparison.signed_rank_p(np.array([-1, -2, -3, -4, -5.0])) == pytest.approx(2 / 32)
    # Ties share a rank, zeros have none.
    assert comparison.signed_rank_p(np.array([1.0, 1, -1, 0])) == pytest.approx(1.0)
    assert comparison.signed_rank_p(np.zeros(3)) == 1.0


def test_one_start_far_off_does_not_hide_what_ranks_tell():
    many = np.array([0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 9.0])
    measure = comparison.Measure("mAP", np.zeros(8), many, 0.0)
    assert abs(many.mean()) < measure.half_width and measure.told_apart


def test_readers_that_disagree_are_told():
    data = measured()
    data[3]["eval"]["migrated"] = {"recall": 0.4}
    assert comparison.compare(data).readers_apart == pytest.approx(0.1)


def test_report_and_picture(tmp_path):
    found = comparison.compare(measured())
    text = report.markdown(found, "curves.png")
    assert "| start 1 moved by one ulp, legacy | 7.200 | 6.300 | 0.530 | 0.250 |" in text
    assert "![Losses and mAP](curves.png)" in text
    assert "40 steps +0.300, no less than 3 of the 3 differences" in text
    assert "0.75 +0.000, no less than 3 of the 3 differences" in text
    picture.draw(found, tmp_path / "curves.png")
    assert 10_000 < (tmp_path / "curves.png").stat().st_size < 120_000


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of three steps whose script writes a checkpoint and prints losses."""
    calls = []

    def script(tree, path, *arguments):
        calls.append((path.name, *arguments))
        given = dict(argument.lstrip("-").split("=", 1) for argument in arguments)
        folder, steps = Path(given["train_dir"]), int(given["num_steps"])
        folder.mkdir(parents=True)
        (folder / "checkpoint").write_text(f'model_checkpoint_path: "model.ckpt-{steps}"\n')
        return "".join(f"global step {step}: loss = {9 - step}.5 (1 s)\n" for step in range(1, 4))

    monkeypatch.setattr(programs, "script", script)
    made = runs.Run(runs.Bench(tmp_path, 3), "legacy", 7)
    return made, calls


def test_a_finished_run_is_not_repeated(run):
    made, calls = run
    assert runs.trained(made) and not runs.trained(made)
    assert made.losses() == [8.5, 7.5, 6.5]
    assert made.checkpoint.name == "model.ckpt-3"
    assert len(calls) == 2  # the start, and the run from it
    # The start has seen the first batch of its seed: the run reads in another order.
    assert f"--pipeline_config={made.bench.work}/starts/seed-7.config" in calls[0]
    assert f"--pipeline_config={made.bench.work}/starts/seed-107.config" in calls[1]
    assert f"--fine_tune_checkpoint={made.bench.work}/starts/seed-7/model.ckpt-1" in calls[1]


def test_a_run_of_other_length_is_repeated(run):
    made, _ = run
    runs.trained(made)
    longer = dataclasses.replace(made, bench=runs.Bench(made.bench.work, 4))
    assert longer.losses() == []
    with pytest.raises(runs.Failed, match="not a finite loss for each of 4 steps"):
        runs.trained(longer)


def test_a_loss_that_is_no_number_is_an_error(run, monkeypatch):
    made, _ = run
    fine = programs.script
    monkeypatch.setattr(programs, "script", lambda *given: fine(*given).replace("7.5", "nan"))
    with pytest.raises(runs.Failed):
        runs.trained(made)


def test_both_sides_names_of_the_last_checkpoint(tmp_path):
    for text in ('"/a folder/run/model.ckpt-20"', '"model.ckpt-20"'):
        (tmp_path / "checkpoint").write_text(f"model_checkpoint_path: {text}\nall_model_ ...\n")
        assert runs.last_checkpoint(tmp_path, 20) == tmp_path / "model.ckpt-20"
        with pytest.raises(runs.Failed):
            runs.last_checkpoint(tmp_path, 21)


def test_seeds_of_starts_and_of_orders_are_in_the_config(tmp_path):
    bench = runs.Bench(tmp_path, 3)
    texts = [runs.config(bench, seed).read_text() for seed in (1, runs.ORDER + 1)]
    assert "train_config {\n  seed: 1\n" in texts[0]
    assert "train_config {\n  seed: 101\n" in texts[1]
