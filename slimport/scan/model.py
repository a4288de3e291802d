"""What a scan found, as data: the one model behind its faces."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA = "slimport.scan/1"


class Kind(StrEnum):
    """What an API is of."""

    SLIM = "slim"  # TF-Slim and the rest of tf.contrib
    TF1 = "tf1"  # TensorFlow's, with another name or meaning in TensorFlow 2, or none
    TF = "tf"  # TensorFlow's, the same in TensorFlow 2
    OTHER = "other"  # NumPy's and Python 2's old names


class State(StrEnum):
    """What would become of a file."""

    REWRITTEN = "rewritten"  # nothing is left in it
    PARTLY = "partly"  # rewritten, and something is marked
    MARKED = "marked"  # nothing but marks
    HELD = "held"  # held back by an ignore comment or a selection of rules
    KEPT = "kept"  # it names slim or TensorFlow, and is right as it is
    UNTOUCHED = "untouched"  # it names neither
    REFUSED = "refused"
    UNREAD = "unread"  # a notebook that nothing reads


@dataclass
class Use:
    """One API, by what becomes of its references.

    Attributes:
        code: of the rule that takes it; empty where none does.
        spellings: how often each spelling stands in the sources.
        reasons: why references are left, with how many.
        ignored: references that an ignore comment or a selection of rules keeps.
        files: how many files name it.
    """

    api: str
    kind: Kind
    code: str = ""
    rule: str = ""
    total: int = 0
    rewritten: int = 0
    kept: int = 0
    left: int = 0
    ignored: int = 0
    spellings: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    files: int = 0


@dataclass(frozen=True)
class Form:
    """A function that makes layers, or calls what does.

    Attributes:
        calls: how many layer calls are in it.
        closed: whether every scope that can reach its layers is known.
        layers: "keras" or "scoped".
        tensors: "keras.ops" or "tensorflow".
        places: where its migrated code runs: "functional", "traced", "graph".
        why: what keeps it from the plainest form.
    """

    line: int
    function: str
    calls: int
    closed: bool
    layers: str
    tensors: str
    places: tuple[str, ...]
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A loop, an evaluation or an input pipeline, and what becomes of it.

    Attributes:
        kind: "training", "evaluation", "pipeline" or "prediction".
        becomes: what it is afterwards, in words.
        on_sessions: whether that is a graph with sessions, as before.
        why: why it stays; empty where it does not.
    """

    path: str
    line: int
    function: str
    kind: str
    becomes: str
    on_sessions: bool
    why: str = ""


@dataclass
class ScannedFile:
    """One file.

    Attributes:
        state: what would become of it.
        language: "python", "python 2" or "notebook".
        why: why it is refused or held; empty otherwise.
        mentions: lines of a refused or unread file that name slim, tf.contrib or TensorFlow: what
            a text search finds.
        session: whether a graph-and-session program runs its code, afterwards too.
        starts: whether such a program starts in it.
    """

    path: str
    state: State
    language: str = "python"
    lines: int = 0
    slim: int = 0
    rewritten: int = 0
    left: int = 0
    why: str = ""
    mentions: int = 0
    session: bool = False
    starts: bool = False
    forms: list[Form] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Share:
    """Layer calls by form.

    Attributes:
        calls: all of them.
        closed: those that only known scopes reach.
        plain: those that become plain keras.layers.
        plain_without_sessions: those that would with ``--target keras``.
    """

    calls: int
    closed: int
    plain: int
    plain_without_sessions: int


@dataclass
class Tree:
    """The inventory of one path.

    Attributes:
        needed: APIs that keep the old packages needed, with their counts.
        modules: where scoped_layers.py would lie; the first holds it, others lead to it.
        roots: folders that imports start from, as the tree's own imports show.
        reasons: what keeps layer calls from plain keras.layers: kind of reason, calls, functions.
    """

    path: str
    files: list[ScannedFile] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    share: Share = Share(0, 0, 0, 0)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    needed: dict[str, int] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def states(self) -> dict[str, int]:
        return {str(s): sum(file.state is s for file in self.files) for s in State}

    @property
    def refused(self) -> list[ScannedFile]:
        return [file for file in self.files if file.state is State.REFUSED]

    def total(self, kind: Kind) -> dict[str, int]:
        """References of a kind by what becomes of them."""
        uses = [use for use in self.uses if use.kind is kind]
        names = ("total", "rewritten", "kept", "left", "ignored")
        return {name: sum(getattr(use, name) for use in uses) for name in names}

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "summary": {
                "files": self.states(),
                "references": {str(kind): self.total(kind) for kind in Kind},
                "layer_calls": asdict(self.share),
            },
            "files": [asdict(file) for file in self.files],
            "uses": [asdict(use) for use in self.uses],
            "why_not_plain": self.reasons,
            "blocks": [asdict(block) for block in self.blocks],
            "still_needed": self.needed,
            "written_modules": self.modules,
            "import_roots": self.roots,
            "notes": self.notes,
        }
