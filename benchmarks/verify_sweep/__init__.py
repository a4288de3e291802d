"""Many kinds of wrong rewrites, planted one at a time: whether `slimport verify` finds each."""
