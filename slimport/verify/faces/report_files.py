"""Writes the reports that were asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from slimport.verify.result import VerifyResult


def check(files: Mapping[str, Path | None]) -> None:
    """Makes the folders of reports, before a run that they are the result of.

    Raises:
        OSError: A report cannot be written where it is asked for.
    """
    for path in files.values():
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"{path} cannot be written: {error.strerror}") from error
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise PermissionError(f"{path} cannot be written: no permission")


def write(result: VerifyResult, files: Mapping[str, Path | None]) -> list[Path]:
    """Writes a run as JSON, Markdown, HTML.

    Args:
        result: The run.
        files: Where to, by the name of the report: ``json``, ``markdown``, ``html``.

    Returns:
        The files written.
    """
    makers: Mapping[str, Callable[[VerifyResult], str]] = {
        "json": _json,
        "markdown": _markdown,
        "html": _html,
    }
    written = []
    for name, make in makers.items():
        path = files.get(name)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(make(result), encoding="utf-8")
            written.append(path)
    return written


def _json(result: VerifyResult) -> str:
    from slimport.verify.faces.json_face import to_json

    return to_json(result)


def _markdown(result: VerifyResult) -> str:
    from slimport.verify.faces.links import links_from
    from slimport.verify.faces.markdown import to_markdown

    return to_markdown(result, links_from(os.environ, result))


def _html(result: VerifyResult) -> str:
    from slimport.verify.faces.html import to_html

    return to_html(result)
