"""Why layers do not become plain keras.layers, in kinds that somebody can decide on."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Hindrance:
    """A kind of reason.

    Attributes:
        pattern: what the reasons of `slimport.index.closed` and of rules read like.
        way_on: what would make the layers plain; empty where nothing reasonable does.
        opens: whether it means scopes that nobody knows: the function is open then.
    """

    name: str
    pattern: str
    way_on: str = ""
    opens: bool = False


HINDRANCES = (
    Hindrance("one model with such a function", r"it is part of one model with"),
    Hindrance(
        "sessions run it",
        r"a session script may run it|belongs to a graph with sessions",
        "--target keras, once sessions are left behind",
    ),
    Hindrance(
        "callers open scopes around it",
        r"a caller runs it under|callers outside the tree may enter|so that its callers are not"
        r" known|it is public|the configuration says that it is open|a network of slim\.nets runs",
        opens=True,
    ),
    Hindrance(
        "scopes that only a run knows",
        r"^an arg_scope |with unpacked arguments|is passed on as a value"
        r"|a name of the author's own|what it calls may not be slim's|may run under other scopes"
        r"|is opened otherwise than by a with|^a layer in a default",
        "literal lists of layers",
        opens=True,
    ),
    Hindrance(
        "a part was rewritten before",
        r"it opens scopes of the written module|code that is rewritten already|migrated already",
        "rewrite all of a program at once",
        opens=True,
    ),
    Hindrance("called more than once", r"it is called in (a loop|several places)"),
    Hindrance(
        "names that Keras cannot give",
        r"several layers are named|a layer name with a slash|a layer whose name is computed"
        r"|an unnamed layer in a loop|unnamed layers in several functions|^a variable scope that",
        "constant names, each once in a model",
    ),
    Hindrance(
        "variables found by name",
        r"looks into collections|(restores|looks|finds) variables|looks variables up"
        r"|needs the variable scopes|found by their variable scopes|collection",
        "model.weights, model.losses",
    ),
    Hindrance(
        "TensorFlow code beyond keras.ops",
        r"^(calls )?tf\.|keras\.ops|tensors? of |TensorFlow tensor|functional model|KerasTensor"
        r"|traced model|passed on as a function|is not rewritten",
    ),
    Hindrance("other types than float32", r"plain layers compute in float32"),
    Hindrance(
        "a loss model runs it again",
        r"LossModel|MetricsModel|its statements become those of a model",
    ),
    Hindrance(
        "arguments that Keras has not",
        r"^slim\.|^\w+ of slim\.|^reuse of|^normalizer parameters|^a normalizer|^a dropout of"
        r"|^a padding|^a data format|^trainable other|has no plain Keras layer"
        r"|that may be a float|that several layers may share",
    ),
)
OTHER = Hindrance("other", "")


def hindrance(reason: str) -> Hindrance:
    """The kind of a reason."""
    called = re.sub(r"^calls [\w.]+: ", "calls ", reason)
    return next((kind for kind in HINDRANCES if re.search(kind.pattern, called)), OTHER)
