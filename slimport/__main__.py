"""The program: `slimport`, and `python -m slimport`.

It may be started in a folder whose files it is to rewrite, and Python would import them in the
place of libraries: `python -m` looks into the current folder first, and `PYTHONPATH`, which often
leads there, comes before everything that is installed. What is imported up here comes from there,
`__future__` too: nothing may be but modules that are frozen into Python.
"""

import atexit
import gc
import os
import sys

#: The commands that import the code that they are given.
RUN_CODE = ("verify", "weights")


def main() -> None:
    """Runs the command line, whose libraries are those that are installed."""
    given = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    # `os` alone: a `pathlib` would still come from the current folder.
    sys.path[:] = import_path(sys.path, os.getcwd(), given, sys.argv[1:])  # noqa: PTH109
    if not any(word in RUN_CODE for word in sys.argv[1:]):
        _look_for_no_garbage()
    from slimport.cli import main as command

    command(prog_name="slimport")


def _look_for_no_garbage() -> None:
    """What is loaded and what is read stays to the end, when the system frees it all at once.

    Where one program after the other is looked at, `slimport.rewrite.garbage` is asked to collect.
    """
    gc.disable()
    atexit.register(gc.freeze)


def import_path(path: list[str], current: str, given: str, words: list[str]) -> list[str]:
    """The folders to import from, in another order.

    Args:
        path: The folders as Python was started.
        current: The current folder, which comes last, or is left out where no command runs code
            that lies there. It stays where it is if it is one of the libraries' folders, too.
        given: `PYTHONPATH`: its folders come after the installed ones.
        words: The command line.
    """
    first, rest = path[:1], path[1:]
    named = {os.path.abspath(entry) for entry in given.split(os.pathsep)} if given else set()  # noqa: PTH100
    installed = [entry for entry in rest if os.path.abspath(entry) not in named]  # noqa: PTH100
    last = [entry for entry in rest if entry not in installed]
    if first not in ([current], [""]):
        return [*first, *installed, *last]
    return [*installed, *last, *(first if any(word in RUN_CODE for word in words) else ())]


if __name__ == "__main__":
    main()
