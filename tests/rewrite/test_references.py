"""References of the index and the nodes of libcst's tree."""

from __future__ import annotations

import pytest

from slimport.rewrite.references import References
from tests.rewrite.tools import rewrite_program

NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3)\n"


def test_a_reference_without_a_node_fails_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would stay without a mark."""
    monkeypatch.setattr(References, "span_of", lambda self, node: None)
    result = rewrite_program({"net.py": NET})
    assert [file.error for file in result.report.failed] == [
        "cannot be rewritten: line 5: slim.conv2d is not where it seems to be"
    ]
    assert not result.outputs
