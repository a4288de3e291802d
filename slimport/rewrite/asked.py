"""What the command line and the configuration ask for together, in `rewrite` and in `scan`."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slimport.config import MODULE_NAME, Config
from slimport.options import config_of

if TYPE_CHECKING:
    from slimport.rewrite.plan import Options


@dataclass(frozen=True)
class Asked:
    """The options of a command, over the configuration.

    Attributes:
        given: values by the names of parameters; None, or an empty tuple, where not given.
    """

    given: Mapping[str, Any]
    config: Config

    @classmethod
    def of(cls, given: Mapping[str, Any], start: Path) -> Asked:
        """Reads the configuration, which options of `slimport` itself may name as well.

        Args:
            start: a file or folder that it is looked for at, and above.

        Raises:
            click.UsageError: there is something wrong with it.
        """
        whole = click.get_current_context().find_root().params
        file = given["config_file"] or whole.get("config_file")
        isolated = given["isolated"] or whole.get("isolated", False)
        return cls(given, config_of(start, file, isolated))

    def value(self, name: str) -> Any:
        """What the command line says, else the configuration."""
        value = self.given.get(name)
        return self.config.get(name.replace("_", "-")) if value in (None, ()) else value

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those of the configuration, or the current folder, where none are given."""
        configured = tuple(Path(os.path.relpath(path)) for path in self.config.texts("paths"))
        return self.given["paths"] or configured or (Path(),)

    @property
    def excludes(self) -> tuple[str, ...]:
        return (*(self.value("exclude") or ()), *self.config.texts("extend-exclude"))

    @property
    def suffixes(self) -> Collection[str]:
        """What the names of sources end in."""
        from slimport.files.discover import PYTHON, SOURCES

        return PYTHON if self.value("notebooks") is False else SOURCES

    @property
    def selection(self) -> tuple[str, ...]:
        """What of rules is selected or ignored, as it was written."""
        return (*(self.value("select") or ()), *(self.value("ignore") or ()))

    @property
    def options(self) -> Options:
        """How to rewrite.

        Raises:
            click.UsageError: a code of no rule is selected or ignored.
        """
        from slimport.rewrite.plan import Options
        from slimport.rewrite.selection import Selection, UnknownCode

        try:
            selection = Selection.of(self.value("select") or (), self.value("ignore") or ())
        except UnknownCode as error:
            raise click.UsageError(str(error)) from error
        return Options(
            bool(self.value("open_world")),
            self.value("target"),
            self.value("training"),
            selection=selection,
            open_functions=self.config.texts("open-functions"),
            module_name=self.config.get("module-name", MODULE_NAME),
            module_cell=bool(self.value("module_cell")),
            all_python2=bool(self.value("python2")),
        )
