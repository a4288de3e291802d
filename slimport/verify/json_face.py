"""The report as JSON."""

from __future__ import annotations

import json

from slimport.verify.result import VerifyResult, to_data


def to_json(result: VerifyResult) -> str:
    """Returns a run as JSON text, in the schema of `result.SCHEMA_VERSION`."""
    return json.dumps(to_data(result), indent=1, allow_nan=False) + "\n"
