"""Wrong rewrites of many kinds, planted one at a time: `slimport verify` must find each."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("tf_slim")

from benchmarks.verify_sweep.__main__ import edits, judge
from slimport.verify.result import Status


def test_every_edit_changes_something_of_its_own():
    found = edits(())
    assert len({(edit.entry, edit.find, edit.put, edit.args) for edit in found}) == len(found)
    assert all(edit.find and edit.find != edit.put for edit in found)
    assert sum(not edit.equal for edit in found) > 170


@pytest.mark.slow
def test_wrong_rewrites_are_found_and_others_raise_no_alarm(tmp_path):
    judged, lost = judge((), tmp_path)
    assert not lost
    wrong = {
        edit.name: case.status
        for edit, case in judged.items()
        if case.status is not (Status.EQUAL if edit.equal else Status.DIFFERS)
    }
    assert not wrong
