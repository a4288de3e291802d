"""Where the statements of a loop by hand stand: what is replaced has its lines for itself."""

from __future__ import annotations

from slimport.index.hand_loop import HandLoop
from slimport.index.stays import Stays


def check_lines(loop: HandLoop) -> None:
    """Statements that are replaced share no line: ``if late: session.run(train_op)`` does.

    Raises:
        Stays: If one does.
    """
    parts = [*loop.block, *loop.gone, *loop.feeds, *loop.restored]
    parts += [run.statement for run in loop.runs]
    parts += [found.statement for found in loop.saves]
    lines = [line.encode() for line in loop.function.module.lines]
    for statement in parts:
        before = lines[statement.lineno - 1][: statement.col_offset]
        end, column = statement.end_lineno or 0, statement.end_col_offset
        after = lines[end - 1][column:].strip()
        if before.strip() or not (after == b"" or after.startswith(b"#")):
            raise Stays("statements share a line", statement)
