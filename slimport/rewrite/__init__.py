"""One libcst parse per file, one plain transformer, dispatching on resolved names."""
