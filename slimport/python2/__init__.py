"""Sources of Python 2: how they are told, and how they become Python 3 before rules see them."""
