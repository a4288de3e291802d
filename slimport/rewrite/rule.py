"""What a rule is: which APIs it takes, what they become, and the examples that show it.

A rule sees one resolved reference at a time (a `Site`) and returns its new code, or `Leave` with
the reason why the code must stay. It knows nothing of files, parsing or other rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from slimport.index.closed import LayerCall
    from slimport.index.program import Function, Reference
    from slimport.rewrite.plain import PlainCall
    from slimport.rewrite.site import CallSite, FileFacts, ValueSite


@dataclass(frozen=True)
class Leave:
    """The construct stays as it was and is marked above its line."""

    reason: str
    advice: str = ""


@dataclass(frozen=True)
class Keep:
    """The construct is right as it is; nothing to report."""


Outcome = cst.BaseExpression | Leave | Keep


@dataclass(frozen=True)
class Refusal:
    """A form that the rule leaves, for its page and `slimport explain`.

    Attributes:
        reason: the reason of its `Leave`, with ``…`` for what differs from one place to another.
        why: what would go wrong, were it rewritten all the same.
        advice: the advice of its `Leave`.
    """

    reason: str
    why: str
    advice: str = ""


@dataclass(frozen=True)
class Example:
    """Legacy code and what it becomes; documentation and test at once.

    Attributes:
        before: a legacy module. Where `inputs` is set it defines ``net``, which the tests call on
            both sides with random tensors.
        after: exactly what the rule makes of it.
        inputs: shape of each positional argument of ``net``.
        dtypes: dtype of each argument; float32 where absent.
        title: what the example shows, where it is not plain.
        training: ``--training`` that it is rewritten with.
        target: ``--target``, likewise.
    """

    before: str
    after: str
    inputs: tuple[tuple[int, ...], ...] = ()
    dtypes: tuple[str, ...] = ()
    title: str = ""
    training: str | None = None
    target: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One family of slim or TensorFlow APIs.

    Attributes:
        code: ``SLIMnnn``, stable; marks and reports name it.
        name: the module's name in ``rules/``, a slug for humans.
        summary: one line, what becomes what.
        apis: canonical names (`slimport.index.canonical`).
        details: what a reviewer should know.
        numbers: numeric choices and their source: defaults that differ, what rounds otherwise.
        refuses: every reason that its module can give; tests hold it to that.
        only_with: where it acts, if not everywhere: "fit", in programs that train a Keras model
            with fit; "keras", with ``--target keras``. Elsewhere the rule acts that takes the API
            by the longest other prefix.
        alone: whether a reference may stay as it is while all others change, and change while all
            others stay: it becomes the same object under another name, and no other rule asks what
            became of it. See `slimport.rewrite.held`.
    """

    code: str
    name: str
    summary: str
    apis: tuple[str, ...]
    details: str = ""
    numbers: str = ""
    refuses: tuple[Refusal, ...] = ()
    only_with: str = ""
    alone: bool = False
    examples: tuple[Example, ...] = field(default=())

    def call(self, site: CallSite) -> Outcome:
        """New code of a call of the API."""
        return self.unhandled(site.api)

    def value(self, site: ValueSite) -> Outcome:
        """New code of the API where it is not called: passed on, listed, assigned."""
        return self.unhandled(site.api)

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        """Whether the rule surely answers `Keep`, whatever its call becomes: a statement in which
        every rule does is not parsed."""
        return False

    def blocks_plain(self, layer: LayerCall) -> str | None:
        """Why the call cannot become a plain Keras layer; None if `plain` can write it."""
        return f"{layer.reference.api.name} has no plain Keras layer"

    def plain(self, call: PlainCall) -> cst.BaseExpression:
        """The call as a plain Keras layer; asked only where `blocks_plain` is None."""
        raise NotImplementedError(self.name)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        """Why code with this reference cannot run on KerasTensors; None if it can."""
        return None

    def blocks_plain_program(self, reference: Reference) -> str | None:
        """Why no layer of a program with this reference can be plain Keras; None if they can."""
        return None

    def unhandled(self, api: str) -> Leave:
        return Leave(f"{api} has no rule for this form", "rewrite it by hand")
