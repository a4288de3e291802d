"""SLIM999: reasons that no single rule gives. It is in no file of `rules/`, but it has a page."""

from __future__ import annotations

from slimport.rewrite.registry import UNKNOWN_API
from slimport.rewrite.rule import Refusal, Rule

UNKNOWN = Rule(
    code=UNKNOWN_API,
    name="no_rule",
    summary="references that belong to no rule, or to a name that may be another one",
    apis=(),
    details=(
        "A name of slim that no rule takes stays, and so does one of which nothing tells for "
        "certain that it is slim's. Names of TensorFlow without a rule are TensorFlow 2's own and "
        "need no mark."
    ),
    refuses=(
        Refusal(
            "no rule covers …",
            "slim has the name, or code was written as if it had; there is nothing to put there "
            "that is known to compute the same.",
            "rewrite it by hand, or open an issue that names the API",
        ),
        Refusal(
            "… may be something else here, or none",
            "The import stands in a `try`, under a condition, or the name is bound twice, be it by "
            "an `import *`. What it is shows when the program runs.",
            "import it once, without a condition",
        ),
        Refusal(
            "… is assigned anew in this program, or deleted",
            "Whatever the program calls by that name from then on is not slim's, in each of its "
            "files.",
            "give that function another name",
        ),
        Refusal(
            "the module … is passed on as a value",
            "What a function takes from a module that it is handed cannot be followed.",
            "pass on what is used of it",
        ),
    ),
)
