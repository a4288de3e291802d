"""Options that several commands have, and what of the configuration stands in for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from slimport.config import Config, ConfigError, load

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _all(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


config_options = _all(
    click.option(
        "--config",
        "config_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Read this file in the place of the nearest pyproject.toml.",
    ),
    click.option("--isolated", is_flag=True, help="Read no configuration."),
)

program_options = _all(
    click.option(
        "--open-world/--no-open-world",
        default=None,
        help="Every public function may be called under scopes that are not in the tree.",
    ),
    click.option(
        "--target",
        type=click.Choice(["keras"]),
        help="keras: sessions are left behind, layers become plain keras.layers.",
    ),
    click.option(
        "--training",
        type=click.Choice(["fit"]),
        help="fit: loops that feed placeholders to a session train a Keras model, too.",
    ),
)

selection_options = _all(
    click.option(
        "--select",
        metavar="CODE",
        multiple=True,
        help="Only these rules act: codes, their beginnings, names; also several by commas.",
    ),
    click.option("--ignore", metavar="CODE", multiple=True, help="These rules do not act."),
)

exclusion_options = _all(
    click.option(
        "--exclude",
        metavar="PATTERN",
        multiple=True,
        help="Files that stay, as in .gitignore; decisions regard them all the same.",
    ),
    click.option(
        "--force-exclude/--no-force-exclude",
        default=None,
        help="Exclude files that are given by name, too, as hooks do.",
    ),
)


def config_of(start: Path, file: Path | None, isolated: bool) -> Config:
    """The configuration of a command.

    Raises:
        click.UsageError: there is something wrong with it.
    """
    if file is not None and isolated:
        raise click.UsageError("--config and --isolated exclude each other")
    try:
        return load(start, file, isolated)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
