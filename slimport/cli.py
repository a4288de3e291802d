"""The command line: a table of commands, each loaded when it is asked for.

It never imports TensorFlow, and nothing of libcst either: a hook must start in a fraction of a
second.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import click

from slimport import __version__
from slimport.options import config_of, config_options


class Entry(NamedTuple):
    """A command: where it is (``module:attribute``), and its line in the list of commands."""

    target: str
    help: str


COMMANDS = {
    "scan": Entry("slimport.scan.command:scan_command", "Say what a tree or an environment holds."),
    "rewrite": Entry("slimport.rewrite.cli:rewrite_command", "Rewrite TF-Slim code into Keras 3."),
    "verify": Entry(
        "slimport.verify.command:verify_command", "Compare migrated with legacy code on numbers."
    ),
    "weights": Entry(
        "slimport.weights.command:weights_command", "Bring old weights over and back."
    ),
    "rules": Entry("slimport.explain.command:rules_command", "List the rules."),
    "explain": Entry("slimport.explain.command:explain_command", "Explain a rule."),
}


class LazyGroup(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] == "verify":
            ctx.default_map = {"verify": _verify_defaults(ctx, args[1:])}
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1) if args else []
            if not close or "Did you mean" in error.message:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]!r}?", ctx) from error

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        found: list[Any] = [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def _verify_defaults(ctx: click.Context, args: list[str]) -> dict[str, Any]:
    """`[tool.slimport.verify]` in the place of options that are not given.

    What says which trees are compared counts as a whole: a base of the command line and an old
    tree of the file would contradict each other.
    """
    if not {"-h", "--help"}.isdisjoint(args):
        return {}
    found = dict(config_of(Path(), ctx.params["config_file"], ctx.params["isolated"]).verify)
    for pair in (("old", "base"), ("base", "old")):
        if any(arg.partition("=")[0] == f"--{pair[0]}" for arg in args):
            found.pop(pair[1], None)
    if any(arg.partition("=")[0] == "--write-cases" for arg in args):
        found.pop("cases", None)
    return {key.replace("-", "_"): value for key, value in found.items()}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@config_options
@click.version_option(__version__, prog_name="slimport")
def main(config_file: Any, isolated: bool) -> None:
    """TF-Slim code to Keras 3, with numeric proof."""
