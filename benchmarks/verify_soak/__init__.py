"""Equal pairs, many times over: whether `slimport verify` raises a false alarm, and how near."""
