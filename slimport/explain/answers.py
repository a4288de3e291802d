"""What is known of the very API or mark that somebody asks about, beyond its rule."""

from __future__ import annotations

from slimport import contrib_api, numpy_api, tf1_api
from slimport.explain.find import Found
from slimport.explain.markdown import prose
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.tf1 import became

#: Rules that do nothing but give names their new ones.
_RENAMING = frozenset({"SLIM310", "SLIM330", "SLIM340", "SLIM350"})


def answer(found: Found) -> str:
    """One or two sentences, empty where the rule's page says it all."""
    if found.refusal is not None:
        way_on = f"Way on: {found.refusal.advice}." if found.refusal.advice else ""
        return prose(" ".join(filter(None, ["This mark:", found.refusal.why, way_on])))
    if found.api and isinstance(found.rule, MarkedRule):
        reason, advice = found.rule.known(found.api)
        if (reason, advice) == (found.rule.reason, found.rule.advice):  # as its page has it
            return ""
        return f"`{found.api}`: {reason}. Way on: {prose(advice)}."
    name = _new_name(found.api) if found.rule.code in _RENAMING else ""
    if name == found.api and name:
        return f"`{name}` is TensorFlow 2's as well and stays."
    return f"`{found.api}` is `{name}`." if name else ""


def _new_name(api: str) -> str:
    """Where a name of TensorFlow 1, tf.contrib or NumPy is now; empty where that is not a name."""
    root, _, rest = api.partition(".")
    if root == "numpy":
        new = numpy_api.RENAMED.get(rest, "") or numpy_api.BUILTINS.get(rest, "")
        return f"numpy.{new}" if rest in numpy_api.RENAMED else new
    if root != "tf":
        return ""
    if rest.startswith("contrib."):
        moved = contrib_api.moved().get(rest.removeprefix("contrib."))
        rest = moved.target if moved else ""
    rest = tf1_api.BEFORE_1.get(rest, rest)
    now = became(rest, None)
    return f"tf.{now.name}" if rest and now.kind != "unknown" else ""
