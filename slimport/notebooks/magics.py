"""Lines and cells that are IPython's, as the calls of Python that IPython makes of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass

from slimport.index.modules import notebook_part

_MAGIC = re.compile(r"%(?P<name>[A-Za-z_][\w.]*)[ \t]*(?P<arguments>.*)", re.DOTALL)
_ASSIGNED = re.compile(
    r"(?P<target>[A-Za-z_][\w.]*(?:\s*,\s*[A-Za-z_][\w.]*)*\s*,?)\s*=\s*(?P<value>[!%].*)",
    re.DOTALL,
)
_HELP = re.compile(r"\?{1,2}\s*(%{0,2}[\w.*]+)\s*;?|(%{0,2}[\w.*\[\]'\"]+)\?{1,2}\s*;?")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_INTERPOLATED = re.compile(r"\{([^{}]*)\}|\$\{?([A-Za-z_]\w*)")
_FILE = re.compile(r"(?:[\w.-]+/)*(?P<stem>\w+)(?P<suffix>\.py|\.ipynb)?")
# Magics that neither see nor set a name of the program.
_APART = frozenset(
    """
    alias autoreload bookmark cd clear colors conda config connect_info env load_ext ls mamba man
    matplotlib micromamba mkdir more mv notebook pastebin pip precision pwd quickref reload_ext rm
    rmdir set_env tensorboard tensorflow_version unalias unload_ext uv who whos xmode
    """.split()
)
# Cell magics whose cell is Python that runs in the notebook's own names.
_PYTHON_CELLS = frozenset(
    "capture debug heat memit prun pyinstrument scalene snakeviz time timeit wandb".split()
)
# Cell magics whose cell is handed to somebody else.
_OTHERS_CELLS = frozenset(
    """
    ! HTML SVG bash bigquery cmd file html javascript js latex markdown perl pypy python python2
    python3 ruby script sh shell svg sx system writefile
    """.split()
)


@dataclass(frozen=True)
class Call:
    """What IPython makes of a line.

    Attributes:
        code: one or more simple statements.
        prefix: what stands before the command in the cell, where slimport may change it.
    """

    code: str
    prefix: str = ""


def line_call(text: str, names: Collection[str]) -> Call | None:
    """The call that IPython makes of a logical line, None where it leaves the line to Python.

    Args:
        text: the line without its indentation.
        names: what the program binds: where the line has one of them, the call has it, too.
    """
    helped = _HELP.fullmatch(text.rstrip())
    if helped is not None:
        return Call(f"get_ipython().run_line_magic('pinfo', {(helped[1] or helped[2])!r})")
    assigned = _ASSIGNED.fullmatch(text)
    if assigned is not None:
        called = line_call(assigned["value"], names)
        if called is None or not called.code.startswith("get_ipython()"):
            return None
        code = called.code.replace("get_ipython().system(", "get_ipython().getoutput(", 1)
        return Call(f"{assigned['target'].rstrip()} = {code}")
    if text.startswith("!"):
        return _system(text, names)
    magic = _MAGIC.fullmatch(text)
    return _line_magic(magic["name"], magic["arguments"], text, names) if magic else None


def _system(text: str, names: Collection[str]) -> Call:
    method = "getoutput" if text.startswith("!!") else "system"
    command = _joined(text.lstrip("!"))
    inside = " ".join(a or b for a, b in _INTERPOLATED.findall(command))
    prefix = text[: len(text) - len(text.lstrip("! \t"))]
    code = f"get_ipython().{method}({command.strip()!r}{_used(inside, names)})"
    return Call(code, prefix if method == "system" else "")


def _line_magic(name: str, arguments: str, text: str, names: Collection[str]) -> Call:
    arguments = _joined(arguments).strip()
    call = f"get_ipython().run_line_magic({name!r}, {arguments!r}"
    if name in ("pip", "conda", "mamba"):
        return Call(f"{call})", text[: text.index(name)])
    if name in _APART:
        return Call(f"{call})")
    if name == "run":
        return Call(f"from {_module(arguments)} import *")
    if name == "pylab":
        return Call("from pylab import *")
    targets = "".join(f"{target} = " for target in _targets(arguments))
    return Call(f"{targets}{call}{_used(arguments, names)})")


def is_python_cell(line: str) -> bool:
    """Whether the cell below a line that begins with ``%%`` is Python in the notebook's names."""
    return _cell_magic(line)[0] in _PYTHON_CELLS


def head_call(line: str, names: Collection[str]) -> Call:
    """The line above a cell of Python, as a call of its own."""
    name, arguments = _cell_magic(line)
    words = arguments.split() if name == "capture" else []
    targets = "".join(f"{word} = " for word in words if word.isidentifier())
    used = _used(arguments, names) if name != "capture" else ""
    return Call(f"{targets}get_ipython().run_line_magic({name!r}, {arguments!r}{used})")


def cell_call(text: str, names: Collection[str], mentions: str) -> Call:
    """A whole cell that stays as it is: of another language, or no Python at all.

    Args:
        text: the cell.
        names: what the program binds.
        mentions: which library of interest the cell names, if one.
    """
    name, arguments = _cell_magic(text.lstrip("\n").partition("\n")[0])
    used = "" if name in _OTHERS_CELLS else _used(text, names)
    about = f", about={mentions!r}" if mentions else ""
    return Call(f"get_ipython().run_cell_magic({name!r}, {arguments!r}{used}{about})")


def _cell_magic(line: str) -> tuple[str, str]:
    found = re.match(r"%%(\S+)\s*(.*)", line)
    return (found[1], found[2].strip()) if found else ("", "")


def _joined(text: str) -> str:
    """A command on several lines as IPython hands it on."""
    return re.sub(r"\\\r?\n\s*", " ", text)


def _used(text: str, names: Collection[str]) -> str:
    found = dict.fromkeys(name for name in _NAME.findall(text) if name in names)
    return "".join(f", {name}" for name in found)


def _targets(arguments: str) -> list[str]:
    """The names that a statement behind a magic binds: ``%time y = f(x)``."""
    code = re.sub(r"^(-\S+\s+)+", "", arguments)
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return []
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return list(dict.fromkeys(n.id for n in nodes if isinstance(n.ctx, ast.Store)))


def _module(arguments: str) -> str:
    """What ``%run`` runs, as the module that all names come from."""
    words = [word.strip("'\"") for word in arguments.split() if not word.startswith("-")]
    found = _FILE.fullmatch(words[0]) if words else None
    if found is None or not found["stem"].isidentifier():
        return "_a_file_that_is_run"
    folders = words[0].split("/")[:-1]
    parts = [part for part in folders if part != "."]
    if not all(part.isidentifier() for part in parts):
        return "_a_file_that_is_run"
    stem = notebook_part(f"{found['stem']}.ipynb") if found["suffix"] == ".ipynb" else found["stem"]
    return ".".join((*parts, stem))
