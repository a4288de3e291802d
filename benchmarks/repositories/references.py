"""How much of a repository's legacy API was rewritten, by the JSON report of the rewrite."""

from __future__ import annotations

from collections import Counter
from typing import Any

#: APIs that TensorFlow 2 has no library for any more. All others are TensorFlow's own or NumPy's.
_LEGACY = ("slim", "tf.contrib")


def is_slim(api: str) -> bool:
    """Tells whether a canonical name is one of tf_slim's or of tf.contrib's."""
    return any(api == name or api.startswith(name + ".") for name in _LEGACY)


def count(report: dict[str, Any]) -> dict[str, Any]:
    """Counts references, those of slim apart from the others.

    Returns:
        ``slim`` and ``others``, each with ``rewritten`` and ``marked``; ``apis``, the marked
        references of slim by API; ``failed``, the files that could not be rewritten and why.
    """
    found: dict[str, Counter[str]] = {"slim": Counter(), "others": Counter()}
    apis: Counter[str] = Counter()
    for file in report["files"]:
        for kind, items in (("rewritten", file["rewritten"]), ("marked", file["left"])):
            for item in items:
                found["slim" if is_slim(item["api"]) else "others"][kind] += 1
        apis.update(item["api"] for item in file["left"] if is_slim(item["api"]))
    kinds = ("rewritten", "marked")
    return {
        **{group: {kind: counts[kind] for kind in kinds} for group, counts in found.items()},
        "apis": dict(apis.most_common()),
        "failed": {file["path"]: file["error"] for file in report["files"] if file["error"]},
    }
