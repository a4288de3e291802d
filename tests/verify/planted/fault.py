"""What a planted fault is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slimport.verify.result import Status

#: Shapes of inputs where a network does not take `IMAGES`.
IMAGES = ((2, 12, 12, 3),)
ROWS = ((6, 7),)


@dataclass(frozen=True)
class Fault:
    """One fault, and how it must be named.

    Attributes:
        what: In words.
        network: ``module:function`` of the migrated tree.
        pattern: What is replaced, once, in the module; a regular expression.
        replacement: What takes its place.
        group: Kind of the tensor that must be named first.
        tensor: Its name, or the end of it.
        legacy: A part of the legacy statement that must be named; empty where none need be.
        status: What the tensor must be said to be.
        mode: The first mode that must fail.
        alone: Whether tensors of other kinds must stay equal.
        defaults: Whether the fault lies in a statement that sets defaults of the layers named.
        around: Whether it lies in a `with` around the line that is named: in a scope of names.
        named: A part of the migrated statement that must be named, where that is not the fault's:
            of the one that reads what is now missing, or the layer of a variable.
        inputs: Shapes of the inputs.
        high: End of the range of the inputs; it begins at its negative.
        whole: Index of the inputs that are whole numbers, with the number of their values.
        quick: Whether `make test` runs it.
        case: What the case has beside its entry, for networks of the fixture.
        module: The module that is edited, where not that of the entry.
    """

    what: str
    network: str
    pattern: str
    replacement: str
    group: str
    tensor: str
    legacy: str
    status: Status = Status.DIFFERS
    mode: str = "inference"
    alone: bool = False
    defaults: bool = False
    around: bool = False
    named: str = ""
    inputs: tuple[tuple[int, ...], ...] = IMAGES
    high: float = 1.0
    whole: tuple[tuple[int, int], ...] = ()
    quick: bool = True
    case: str = 'training_argument = "is_training"\n'
    module: str = ""

    @property
    def entry(self) -> tuple[str, str]:
        """Module and function."""
        module, _, function = self.network.partition(":")
        return module, function

    def table(self, name: str, new_entry: str, more: str = "") -> str:
        """The fault's case."""
        lines = [
            "[[case]]",
            f'name = "{name}"',
            f'old_entry = "{self.network}"',
            f'new_entry = "{new_entry}"',
            f'modes = ["{self.mode}"]',
            "built_once = false",
            *([] if self.group == "initial" else ["initial = false"]),
            f"{more}{self.case}",
        ]
        return "\n".join([*lines, *self._inputs(), ""])

    def _inputs(self) -> list[str]:
        lines: list[str] = []
        kinds: dict[int, int] = dict(self.whole)
        for place, shape in enumerate(self.inputs):
            low: Any = -self.high
            high: Any = self.high
            lines += ["[[case.inputs]]", f"shape = {list(shape)}"]
            if place in kinds:
                low, high = 0, kinds[place]
                lines.append('dtype = "int64"')
            lines += [f"low = {low}", f"high = {high}"]
        return lines
