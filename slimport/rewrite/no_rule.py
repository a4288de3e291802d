"""References that no rule is asked about (SLIM999): why they stay."""

from __future__ import annotations

from collections.abc import Collection

from slimport.index.modules import Module
from slimport.index.program import Program, Reference
from slimport.rewrite.rule import Leave


def uncovered(api: str) -> Leave:
    """Slim has the name, or code was written as if it had."""
    return Leave(f"no rule covers {api}", "rewrite it by hand, or open an issue that names the API")


def passed_on(module: str) -> Leave:
    """A module of slim is used as a value."""
    reason = f"the module {module} is passed on as a value"
    return Leave(reason, "pass on what is used of it")


def doubted(
    reference: Reference, module: Module, program: Program, names: Collection[str] = ()
) -> Leave:
    """Nothing tells for certain what a name is when the program runs.

    Args:
        reference: where it is used.
        module: the file.
        program: the index.
        names: what an assignment there binds it to; else the name is the reference's own.
    """
    if program.resolver.is_patched(reference.api.name, module):
        patched = f"{reference.api.name} is assigned anew in this program, or deleted"
        return Leave(patched, "give that function another name")
    unclear = f"{', '.join(sorted(names or [reference.base]))} may be something else here, or none"
    return Leave(unclear, "import it once, without a condition")
