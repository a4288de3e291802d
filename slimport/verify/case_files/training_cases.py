"""Training cases: a program that trains is run step by step on both sides.

```toml
[[training]]
name = "momentum"
entry = "train:train"                  # or old_entry, new_entry; it must reach a training loop
args = { logdir = { temporary = true }, size = 5 }     # keywords of the entry
flags = { learning_rate = 0.1 }        # of absl or tf.app.flags, by name, on both sides
steps = [1, 3, 100]                    # after which variables are compared
places = ["model"]                     # model: the migrated program ends in fit;
                                       # graph: in train_in_session or train_monitored
smooth = false                         # true: gradients of relu and max pooling without kinks
tolerance = { weight = 1e-3 }
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slimport.verify.case_files.tables import CaseFileError, Table

#: Steps after which variables are compared.
STEPS = (1, 3, 100)


@dataclass(frozen=True)
class Training:
    """What a training case has beside other cases.

    Attributes:
        steps: Steps after which everything is compared, rising; the last one ends the run.
        flags: Values of flags by name.
        smooth: Whether kinks are smoothed, as in other cases.
    """

    steps: tuple[int, ...] = STEPS
    flags: Mapping[str, Any] = field(default_factory=dict)
    smooth: bool = False


def read_training(table: Table) -> Training:
    """Reads the keys that only training cases have."""
    steps = table.take("steps")
    if steps is None:
        steps = list(STEPS)
    whole = isinstance(steps, list) and all(type(step) is int and step > 0 for step in steps)
    if not whole or not steps or sorted(set(steps)) != steps:
        raise CaseFileError(f"{table.place}: steps must be a list of rising whole numbers from 1")
    return Training(tuple(steps), table.mapping("flags") or {}, table.boolean("smooth", False))
