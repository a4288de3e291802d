"""What callers of a function have put into its graph before it runs."""

from __future__ import annotations

from slimport.index.program import Function, Reference
from slimport.index.training import is_inside

# What may be done before, whatever graph is open.
_HARMLESS = ("tf.reset_default_graph", "tf.test.", "tf.compat.", "tf.errors.")


def of_a_graph_before(function: Function) -> Reference | None:
    """What a caller does to the graph that a function builds in, `None` if nothing.

    A tensor that is handed over would be one value for good where the function makes a model; a
    graph or a device that is open would hold it.
    """
    callers = function.links.reached(function.all_callers, up=True) - {function}
    in_order = sorted(callers, key=lambda caller: caller.name)  # or each run might name another
    for reference in (r for f in in_order for r in f.references if r.call is not None):
        if is_inside(reference) and not reference.api.name.startswith(_HARMLESS):
            return reference
    return None
