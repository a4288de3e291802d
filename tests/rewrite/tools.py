"""The verbs of the rewriting tests: a program in, what became of it out."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePosixPath
from textwrap import dedent

from slimport.explain.stays import reasons
from slimport.report.model import FileReport
from slimport.rewrite.plan import Options
from slimport.rewrite.tree import TreeResult, rewrite_tree


def rewrite_program(sources: dict[str, str], options: Options | None = None) -> TreeResult:
    """Rewrites a program given as file name -> source."""
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sources.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return rewrite_tree(Path(folder), options)


def output(result: TreeResult, name: str) -> str | None:
    """New text of a file, None if it did not change."""
    data = result.outputs.get(PurePosixPath(name))
    return None if data is None else data.decode("utf-8")


def compiled(result: TreeResult, name: str) -> str:
    """The text of a rewritten file, which is Python."""
    text = output(result, name)
    assert text is not None
    compile(text, name, "exec")
    return text


def report(result: TreeResult, name: str) -> FileReport:
    """The report of one file."""
    return next(file for file in result.report.files if file.path == name)


def transform(source: str, options: Options | None = None) -> str:
    """What becomes of a program of one file; errors are failures."""
    source = dedent(source)
    result = rewrite_program({"net.py": source}, options)
    assert not report(result, "net.py").error, report(result, "net.py").error
    return output(result, "net.py") or source


def check_transformed(before: str, after: str, options: Options | None = None) -> None:
    """`before` becomes `after`, and a second run changes nothing."""
    done = transform(before, options)
    assert done == dedent(after)
    check_noop(done, options)


def check_noop(source: str, options: Options | None = None) -> None:
    """Nothing changes."""
    source = dedent(source)
    result = rewrite_program({"net.py": source}, options)
    assert output(result, "net.py") is None, output(result, "net.py")


def check_left(source: str, line: int, code: str) -> FileReport:
    """One reference is left with a mark above its line; returns the file's report."""
    source = dedent(source)
    result = rewrite_program({"net.py": source})
    found = report(result, "net.py")
    assert not found.error
    assert [(left.line, left.code) for left in found.left] == [(line, code)]
    text = output(result, "net.py")
    assert text is not None
    assert f"# TODO(slimport): {code} " in text
    return found


def is_on_the_page(reason: str, *codes: str) -> bool:
    """Whether the page of one of these rules has a reason that a report gave, as it lists them."""
    reason = re.sub(r" \(line \d+\)$", "", reason)
    listed = (known.split("…") for code in codes for known in reasons(code))
    return any(re.fullmatch(".+".join(map(re.escape, parts)), reason) for parts in listed)
