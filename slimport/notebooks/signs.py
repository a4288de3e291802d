"""The strings that a notebook's program has where its cells, and IPython's lines, begin."""

import re

#: ``[[cell 3]]`` is a statement before the cell's; ``[[line 7]]`` follows the call of a line.
SIGN = re.compile(r"\[\[+(cell|line) \d+\]+\]")
