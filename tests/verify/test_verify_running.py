"""Workers that hang, crash, grow or write nonsense: each costs its case, none outlives a run."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from slimport.verify import protocol, run
from slimport.verify.case_files import cases
from slimport.verify.result import Status
from slimport.verify.running import memory, pool, requests, sides, watch

WORKER = Path(__file__).with_name("fake_worker.py")
linux = pytest.mark.skipif(not memory.IS_KNOWN, reason="needs /proc")


def make(tmp_path, *requests, timeout=2.0, name="old", news=None):
    """A side whose worker is the fake one; cases by name, or as dictionaries."""
    given = [{"name": item} if isinstance(item, str) else item for item in requests]
    out = tmp_path / name
    request = {
        "out": str(out),
        "cases": [{"index": place, **item} for place, item in enumerate(given)],
    }
    told = (lambda side, text: None) if news is None else (lambda _, text: news.append(str(text)))
    return sides.Side(name, WORKER, sys.executable, out, request, timeout, told)


def ran(side):
    """What the workers of a side did: name, process, place of the case in its worker."""
    lines = (side.folder / "ran.txt").read_text().splitlines()
    return [(line.rsplit(" ", 2)[0], *map(int, line.rsplit(" ", 2)[1:])) for line in lines]


def is_alive(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("exits", "ended with status 7"),
        ("segfaults", "killed by SIGSEGV"),
        ("killed", "killed by SIGKILL"),
        ("asks", "ended with status 3"),
        ("sleeps", "no answer within 1 s"),
        ("deadlocks", "no answer within 1 s"),
        ("stuck", "no answer within 1 s"),
        ("forks", "no answer within 1 s"),
    ],
)
def test_a_worker_that_dies_or_hangs_costs_its_case_only(tmp_path, name, reason):
    side = make(tmp_path, "one", name, "two", timeout=1.0)
    side.run()
    assert list(side.crashes) == [1]
    assert reason in side.crashes[1].splitlines()[0]
    assert side.answer(1, protocol.INFERENCE).error
    assert [side.is_answered(place) for place in (0, 2)] == [True, True]
    if name == "asks":
        assert "got ''" in side.crashes[1]  # it is not the terminal that it reads from
    if name == "exits":
        assert side.crashes[1].endswith("last words red")


@linux
def test_children_of_a_worker_end_with_it(tmp_path):
    for name in ("forks", "daemon"):
        side = make(tmp_path, name, timeout=1.0, name=name)
        side.run()
        pids = (side.folder / "child").read_text().split()
        assert not any(is_alive(pid) for pid in pids)


def test_a_worker_that_hangs_behind_its_last_answer_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "EXIT_GRACE", 0.3)
    side = make(tmp_path, "one", "stays", timeout=60.0)
    started = time.monotonic()
    side.run()
    assert not side.crashes
    assert time.monotonic() - started < 10


def test_a_worker_that_never_comes_up_fails_every_case_at_once(tmp_path):
    side = make(tmp_path, "never starts", "two", "three")
    side.run()
    assert sorted(side.crashes) == [0, 1, 2]
    assert "no such framework" in side.crashes[2]


def test_a_folder_that_is_kept_answers_no_later_run(tmp_path):
    first = make(tmp_path, "one", "exits")
    first.run()
    protocol.write_json(first.folder / protocol.ENVIRONMENT_FILE, {"python": "of the first run"})
    (first.folder / "log-1.txt").write_text("of the first run\n")
    (first.case_folder(0) / "old.txt").touch()
    mine = first.folder / "mine.txt"
    mine.touch()
    second = make(tmp_path, "one", "two")
    second.run()
    assert not second.crashes
    assert not (second.case_folder(0) / "old.txt").exists()
    assert [name for name, _, _ in ran(second)].count("one") == 2
    assert second.environment.get("python") != "of the first run"
    assert mine.exists()
    third = make(tmp_path, "exits")
    third.run()
    assert "of the first run" not in third.crashes[0]


def test_an_interpreter_that_does_not_start_is_a_reason(tmp_path):
    side = make(tmp_path, "one", "two")
    side.python = str(tmp_path / "no-python")
    side.run()
    assert sorted(side.crashes) == [0, 1]
    assert "does not start" in side.crashes[1]


def test_answers_that_cannot_be_read_are_failures_of_their_case(tmp_path):
    side = make(tmp_path, "rubbish", "half", "one")
    side.run()
    assert not side.crashes
    for place, word in ((0, "JSONDecodeError"), (1, "BadZipFile")):
        error = side.answer(place, protocol.INFERENCE).error
        assert error is not None
        assert "reading the answer" in error
        assert word in error
    assert side.answer(2, protocol.INFERENCE).error is None


def test_a_log_without_end_is_cut_and_its_end_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(watch, "LOG_LIMIT", 2**22)
    monkeypatch.setattr(watch, "_MEMORY_EVERY", 0.0)
    side = make(tmp_path, "chatters", timeout=20.0)
    side.run()
    assert not side.crashes
    log = side.folder / "log-0.txt"
    assert log.read_bytes()[:60].startswith(b"... (the beginning of this log was dropped)")
    assert watch.log_tail(log).endswith("and the last line")
    assert len(watch.log_tail(log)) < watch.LOG_LINES * (watch.LOG_COLUMNS + 1)


def test_the_order_of_news_is_that_of_the_case_file(tmp_path):
    news = []
    first = {"name": "slow one", "seconds": 0.5}
    side = make(tmp_path, first, "two", "exits", "four", "five", news=news)
    pool.Pool([side], pool.Limits(jobs=3)).run()
    ends = [line for line in news if not line.endswith("...")]
    assert ends == ["slow one done", "two done", "exits: the worker ended with status 7",
                    "four done", "five done"]  # fmt: skip
    assert len({pid for _, pid, _ in ran(side)}) >= 3


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_case_that_fails_behind_others_is_judged_alone(tmp_path, jobs):
    """What workers answered before must not decide, since that depends on how many there are."""
    side = make(tmp_path, "one", "two", "three", "spoiled", "four", "five", "touchy", "six")
    pool.Pool([side], pool.Limits(jobs=jobs)).run()
    assert not side.crashes
    assert all(side.answer(place, protocol.INFERENCE).error is None for place in range(8))
    assert [place for name, _, place in ran(side) if name in ("spoiled", "touchy")][-1] == 0


def test_isolated_cases_share_no_worker(tmp_path):
    side = make(tmp_path, "one", "two", "three")
    pool.Pool([side], pool.Limits(jobs=2, isolated=True)).run()
    assert len({pid for _, pid, _ in ran(side)}) == 3


@linux
def test_a_worker_above_the_bound_is_ended_and_says_so(tmp_path):
    side = make(tmp_path, "one", {"name": "eats", "blocks": 6}, "two", timeout=20.0)
    pool.Pool([side], pool.Limits(memory=120 * 2**20)).run()
    assert list(side.crashes) == [1]
    reason = side.crashes[1].splitlines()[0]
    assert "workers may take 120 MiB" in reason
    assert "of memory" in reason
    assert side.is_answered(2)


@linux
def test_workers_that_are_too_large_together_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "NEED", 10 * 2**20)
    given = {"name": "eats", "blocks": 3, "seconds": 1.5}
    side = make(tmp_path, given, {**given, "name": "eats more"}, timeout=20.0)
    pool.Pool([side], pool.Limits(jobs=2, memory=210 * 2**20)).run()
    assert not side.crashes
    assert side.is_answered(0) and side.is_answered(1)
    assert len(ran(side)) == 3  # one of them made room, and ran again


def test_no_worker_starts_where_the_bound_does_not_allow_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "NEED", 2**30)
    both = [make(tmp_path, {"name": "slow", "seconds": 0.4}, name=name) for name in ("old", "new")]
    running = pool.Pool(both, pool.Limits(jobs=2, memory=3 * 2**29))
    most = []
    monkeypatch.setattr(watch.Worker, "look", lambda self: most.append(len(running._running)))
    running.run()
    assert max(most) == 1


def test_limits_fit_the_machine(monkeypatch):
    monkeypatch.setattr(pool, "cores", lambda: 16)
    monkeypatch.setattr(memory, "available", lambda: 12 * memory.GIB)
    assert pool.Limits.chosen(None, None, False).jobs == 6
    assert pool.Limits.chosen(3, None, False).jobs == 3
    monkeypatch.setattr(memory, "available", lambda: memory.GIB)
    assert pool.Limits.chosen(None, None, False).jobs == 2
    monkeypatch.setattr(memory, "available", lambda: None)
    assert pool.Limits.chosen(None, None, False) == pool.Limits(16, None)
    with pytest.raises(ValueError, match="does not tell"):
        pool.Limits.chosen(None, 2.0, False)


@linux
def test_memory_is_read():
    known = memory.available()
    assert known is not None and known > 2**20
    mine = memory.resident(os.getpid())
    assert 2**22 < memory.proportional(os.getpid()) <= mine * 1.1


COMMAND = """
import sys
from pathlib import Path
from slimport.verify.running import pool, sides, watch
folder = Path(sys.argv[1])
request = {"out": str(folder), "cases": [{"index": 0, "name": "forks"}]}
side = sides.Side("old", Path(sys.argv[2]), sys.executable, folder, request, 60.0, lambda *news: 0)
side.run()
"""


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_workers_and_their_children_end_with_the_command(tmp_path, number):
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(tmp_path), str(WORKER)],
        stderr=subprocess.DEVNULL,
        preexec_fn=_heeds_signals,
    )
    child = tmp_path / "child"
    wait_for(lambda: child.exists() and len(child.read_text().split()) == 2)
    pids = child.read_text().split()
    assert all(is_alive(pid) for pid in pids)
    command.send_signal(number)
    command.wait(60)
    wait_for(lambda: not any(is_alive(pid) for pid in pids), 30)


def _heeds_signals():
    """Of nohup, and of jobs in the background, a command inherits that it ignores some."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def test_signals_are_left_to_other_threads_and_handlers():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(_enter()))
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def _enter():
    with watch.ended_by_signals():
        return signal.getsignal(signal.SIGTERM)


CASE = {"entry": "a:b", "modes": ["inference"], "inputs": [{"shape": [2]}]}


def whole_run(tmp_path, monkeypatch, names, **settings):
    monkeypatch.setattr(requests, "SCRIPTS", dict.fromkeys(("old", "new"), WORKER))
    for side in ("old", "new"):
        (tmp_path / side).mkdir(exist_ok=True)
    data = {"old": "old", "new": "new", "case": [{"name": name, **CASE} for name in names]}
    return run.verify_cases(cases.parse(data, tmp_path / "x.toml"), run.Settings(**settings))


def test_a_whole_run_with_every_kind_of_failure_ends(tmp_path, monkeypatch):
    names = ["one", "exits", "segfaults", "sleeps", "rubbish", "half", "forks", "two"]
    result = whole_run(tmp_path, monkeypatch, names, timeout=1.0, jobs=4)
    assert [case.name for case in result.cases] == names
    assert [case.name for case in result.cases if case.status is Status.EQUAL] == ["one", "two"]
    assert {case.status for case in result.cases[1:-1]} == {Status.FAILED}
    assert "killed by SIGSEGV" in result.cases[2].failure


def test_results_do_not_depend_on_the_number_of_workers(tmp_path, monkeypatch):
    names = [f"case{number}" for number in range(4)]
    found = []
    for jobs, isolated in ((1, False), (4, False), (4, True)):
        result = whole_run(tmp_path, monkeypatch, names, jobs=jobs, isolated=isolated)
        for case in result.cases:
            for mode in case.modes:
                mode.notes = []
        found.append(result.cases)
    assert all(other == found[0] for other in found[1:])


def arrays(folder, names):
    """Everything that both sides answered, by case, side, mode and key."""
    found = {}
    for side in ("old", "new"):
        for place, name in enumerate(names):
            for path in sorted((folder / side / f"case-{place}").glob("*.npz")):
                with np.load(path) as kept:
                    found.update({(name, side, path.stem, key): kept[key] for key in kept.files})
    return found


@pytest.mark.slow
def test_cases_before_do_not_change_numbers(tmp_path):
    """Bit by bit, in TensorFlow: in this order, in the other, and in workers of their own."""
    file = cases.load(Path(__file__).parent / "data" / "mini.toml")
    runs = []
    for number, order in enumerate((file.cases, file.cases[::-1], file.cases)):
        keep = tmp_path / str(number)
        settings = run.Settings(keep=keep, jobs=1, isolated=number == 2)
        run.verify_cases(dataclasses.replace(file, cases=tuple(order)), settings)
        runs.append(arrays(keep, [case.name for case in order]))
    for other in runs[1:]:
        assert set(other) == set(runs[0])
        for key, value in runs[0].items():
            np.testing.assert_array_equal(other[key], value, err_msg=str(key))
