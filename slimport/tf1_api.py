"""TensorFlow 1's public symbols: which TF 2 has as they were, renamed, changed, or not at all.

The table is written by ``tools/make_tf1_symbols.py``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

# Modules of TensorFlow 1.15 that the table has no symbols below: Keras, and what it belongs to.
_UNLISTED_MODULES = frozenset(
    """
    compat compat.v2 core estimator estimator.export estimator.inputs keras keras.activations
    keras.applications keras.backend keras.callbacks keras.constraints keras.datasets
    keras.initializers keras.layers keras.losses keras.metrics keras.models keras.optimizers
    keras.preprocessing keras.regularizers keras.utils layers nn.rnn_cell python
    """.split()
)
# Names that TensorFlow 1.0 took away, and what stood for each from then on.
BEFORE_1 = {
    "audio_summary": "summary.audio",
    "batch_cholesky": "cholesky",
    "batch_cholesky_solve": "cholesky_solve",
    "batch_fft": "fft",
    "batch_fft2d": "fft2d",
    "batch_fft3d": "fft3d",
    "batch_ifft": "ifft",
    "batch_ifft2d": "ifft2d",
    "batch_ifft3d": "ifft3d",
    "batch_matmul": "matmul",
    "batch_matrix_band_part": "matrix_band_part",
    "batch_matrix_determinant": "matrix_determinant",
    "batch_matrix_diag": "matrix_diag",
    "batch_matrix_diag_part": "matrix_diag_part",
    "batch_matrix_inverse": "matrix_inverse",
    "batch_matrix_set_diag": "matrix_set_diag",
    "batch_matrix_solve": "matrix_solve",
    "batch_matrix_solve_ls": "matrix_solve_ls",
    "batch_matrix_transpose": "matrix_transpose",
    "batch_matrix_triangular_solve": "matrix_triangular_solve",
    "complex_abs": "abs",
    "concat_v2": "concat",
    "histogram_summary": "summary.histogram",
    "image.per_image_whitening": "image.per_image_standardization",
    "image_summary": "summary.image",
    "inv": "reciprocal",
    "listdiff": "setdiff1d",
    "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge",
    "mul": "multiply",
    "neg": "negative",
    "nn.bidirectional_rnn": "nn.static_bidirectional_rnn",
    "nn.rnn": "nn.static_rnn",
    "nn.state_saving_rnn": "nn.static_state_saving_rnn",
    "pack": "stack",
    "python.control_flow_ops.Assert": "Assert",
    "python.control_flow_ops.case": "case",
    "python.control_flow_ops.cond": "cond",
    "python.control_flow_ops.group": "group",
    "python.control_flow_ops.no_op": "no_op",
    "python.control_flow_ops.tuple": "tuple",
    "python.control_flow_ops.while_loop": "while_loop",
    "scalar_summary": "summary.scalar",
    "select": "where",
    "sub": "subtract",
    "train.SummaryWriter": "summary.FileWriter",
    "unpack": "unstack",
}


@cache
def symbols() -> dict[str, dict[str, str]]:
    """Symbols by what became of them: ``same``, ``renamed`` (to what), ``changed``, ``gone``."""
    table = _table()
    return {
        "same": dict.fromkeys(table["same"], ""),
        "renamed": table["renamed"],
        "changed": dict.fromkeys(table["changed"], ""),
        "gone": dict.fromkeys(table["gone"], ""),
    }


@cache
def only_in_tf2() -> frozenset[str]:
    """Names under which TensorFlow 1 had nothing."""
    return frozenset(_table()["new"])


@cache
def _table() -> dict[str, Any]:
    text = resources.files("slimport").joinpath("data", "tf1_symbols.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def is_module(name: str) -> bool:
    """Whether ``tf.<name>`` is a module: symbols are below it and it is none itself.

    >>> is_module("image"), is_module("summary.image"), is_module("saved_model.builder")
    (True, False, True)
    """
    return name in _modules()


@cache
def _modules() -> frozenset[str]:
    names = [name for kind in symbols().values() for name in kind]
    owners = {name.rpartition(".")[0] for name in names}
    above = {
        owner.rsplit(".", depth)[0] for owner in owners for depth in range(owner.count(".") + 1)
    }
    return frozenset((above | _UNLISTED_MODULES) - set(names) - {""})
