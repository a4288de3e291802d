"""How fast `slimport rewrite` is, as ratios to other tools that are measured in the same run."""
