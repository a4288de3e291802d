"""First import of a worker script, from the folder that it lies in.

That folder is on the import path while a script of it runs, where its modules would shadow the
standard library (html, json) and the user's own. It is taken off, and of what lies above only
`slimport` is made importable: the rest may belong to another interpreter.

This module runs under CPython 3.7.
"""

import sys
import types
from pathlib import Path

sys.path.pop(0)
_package = types.ModuleType("slimport")
_package.__path__ = [str(Path(__file__).resolve().parents[2])]
sys.modules["slimport"] = _package
