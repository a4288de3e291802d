"""The table of planted faults in the documentation, made from the faults themselves.

python -m tests.verify.planted.documented
"""

from __future__ import annotations

from pathlib import Path

from tests.verify.planted import THEMES
from tests.verify.planted.fault import Fault

DOCUMENT = Path(__file__).parents[3] / "docs" / "verify-faults.md"

_BEGIN, _END = "<!-- planted faults -->\n", "<!-- end of planted faults -->\n"


def table() -> str:
    """The table, with its marks."""
    lines = ["| planted | in | first named | line named |", "|---|---|---|---|"]
    for theme, faults in THEMES.items():
        lines.append(f"| **{theme}** | | | |")
        lines += [f"| {' | '.join(_row(fault))} |" for fault in faults.values()]
    return _BEGIN + "\n".join(lines) + "\n" + _END


def _row(fault: Fault) -> list[str]:
    alone = f", and nothing but {fault.group}s" if fault.alone else ""
    mode = "" if fault.mode == "inference" else " while training"
    status = "" if fault.status == "differs" else f"{fault.status} "
    line = "the planted one"
    if fault.defaults:
        line = "the layer's, and that of its defaults"
    elif fault.around:
        line = "the layer's, in the scope"
    elif fault.named:
        line = f"the one with `{fault.named}`"
    network = fault.network.rpartition(":")[2]
    first = f"{status}{fault.group} `{fault.tensor}`{mode}{alone}"
    return [fault.what, f"`{network}`", first, line]


def main() -> None:
    """Writes the table."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    DOCUMENT.write_text(before + table() + after, "utf-8")


if __name__ == "__main__":
    main()
