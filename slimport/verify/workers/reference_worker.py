"""The old side as a script of the user's own: a reference in whatever framework.

Runs that script as ``python SCRIPT REQUEST.json`` would, in an interpreter that need not have
slimport: of it, `slimport.verify` alone is importable there (`slimport.verify.reference`).

This file runs under CPython 3.7.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    importlib.import_module("bootstrap")

from slimport.verify import protocol


def main(request: str) -> None:
    """Runs the script that a request names, its folder on the import path."""
    script = protocol.read_json(Path(request))["worker"]
    sys.path.insert(0, str(Path(script).parent))
    sys.argv = [script, request]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1])
