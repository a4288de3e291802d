"""The functions of a script that begins to work as soon as it is imported.

Many scripts read files, build their graph and train at module level. Their network is a function
in them. `load` runs the imports, definitions and constants of such a file, and nothing else.

It runs under CPython 3.7.
"""

# This file runs under CPython 3.7.

import ast
import importlib.util
import sys
from pathlib import Path

_KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def load(name):
    """Makes a module of the definitions in a file.

    Args:
        name: Module name of the file, on the import path.

    Returns:
        The module; it is not entered in `sys.modules`.

    Raises:
        ImportError: There is no such file.
    """
    path = _find(name)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if _is_definition(node)]
    spec = importlib.util.spec_from_file_location(name, str(path))
    module = importlib.util.module_from_spec(spec)
    exec(compile(tree, str(path), "exec"), module.__dict__)
    return module


def _find(name):
    relative = Path(*name.split(".")).with_suffix(".py")
    for folder in sys.path:
        if (Path(folder) / relative).is_file():
            return Path(folder) / relative
    raise ImportError(f"no file {relative} on the import path")


def _is_definition(node):
    if isinstance(node, _KEPT):
        return True
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True
