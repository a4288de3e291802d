"""Every API as a value, not called: passed on, kept under a name, put into a table."""

from __future__ import annotations

import pytest

from slimport.rewrite.registry import all_rules
from tests.rewrite.tools import report, rewrite_program

APIS = sorted(
    api
    for rule in all_rules()
    for api in rule.apis
    if api.startswith(("slim.", "tf.")) and not api.endswith("*")
)

SOURCE = """
import numpy as np
import tensorflow as tf
import tf_slim as slim

TABLE = {{'it': {api}}}


def net(x, kind={api}):
    x = slim.conv2d(x, 4, [3, 3], scope='a')
    return kind(x, {api}, it=[{api}])
"""


@pytest.mark.parametrize("api", APIS)
def test_an_api_as_a_value_is_rewritten_or_left_and_marked(api):
    result = rewrite_program({"net.py": SOURCE.format(api=api)})
    found = report(result, "net.py")
    assert not found.error
    assert sum(item.api == api for item in [*found.rewritten, *found.left]) >= 1 or (
        api.startswith("tf.")  # TensorFlow 2 may have it still
    )
