"""Joins the parts of the written module into one file that holds only what a tree needs.

Works on source text alone (`ast`, `symtable`): neither Keras nor TensorFlow is imported.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import itertools
import re
import symtable
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from slimport.written.head import head

# In the order in which they are written: a part uses those above it when it is executed.
PARTS = (
    "backends",
    "hparams",
    "graphs",
    "fresh_initializers",
    "scopes",
    "defaults",
    "collections",
    "templates",
    "layer_utils",
    "sizes",
    "names",
    "penalties",
    "saved_layers",
    "saved_functions",
    "building",
    "initializers",
    "initial_values",
    "variables",
    "regularizers",
    "normalization",
    "normalization_others",
    "bias",
    "convolution",
    "convolution_transposed",
    "convolution_in_plane",
    "separable",
    "dense",
    "legacy_dense",
    "embedding",
    "pooling",
    "pool_any",
    "dropout",
    "shaping",
    "spatial_softmax",
    "tensor_functions",
    "tensor_indices",
    "tensor_lists",
    "tensor_pooling",
    "tensor_shapes",
    "tensor_resizing",
    "operations",
    "loops",
    "gradients",
    "train_op",
    "moving_averages",
    "optimize_loss",
    "tf_variable",
    "checkpoint_shapes",
    "saver",
    "restoring",
    "checkpoints",
    "checkpoint_initializers",
    "supervised_sessions",
    "train_step",
    "learning_loop",
    "monitored_training",
    "new_checkpoints",
    "evaluation_hooks",
    "evaluation_loop",
    "losses",
    "summaries",
    "metrics",
    "streaming_metrics",
    "global_step",
    "graph_inputs",
    "record_readers",
    "records",
    "parallel_readers",
    "item_handlers",
    "image_item",
    "sequence_items",
    "example_decoders",
    "data_providers",
    "queues",
    "optimizers",
    "schedules",
    "moving_average_optimizer",
    "variable_averages",
    "tf_layers",
    "tf_convolution",
    "tf_convolution_transposed",
    "tf_separable",
    "tf_normalization",
    "tf_pooling",
    "divisive_norm",
    "reversible",
    "rnn_cells",
    "rnn_wrappers",
    "rnn_loops",
    "nets_shared",
    "nets_alexnet",
    "nets_inception",
    "nets_inception_v1",
    "nets_inception_v2",
    "nets_inception_v3",
    "nets_overfeat",
    "nets_resnet",
    "nets_resnet_v1",
    "nets_resnet_v2",
    "nets_vgg",
    "models",
    "saved_models",
    "replicas",
    "held_averages",
    "file_queues",
    "logs",
    "loss_model",
    "fed_model",
    "prediction_model",
    "scalar_events",
    "event_writer",
    "metrics_model",
    "legacy_slots",
    "old_checkpoint",
    "legacy_state",
    "model_saver",
    "training_callbacks",
    "strategies",
    "framework_helpers",
    "legacy",
)
# Every written module offers these: a way to a model, and one to the variables of a checkpoint.
ALWAYS = ("functional_model", "legacy_variables")
_PACKAGE = "slimport.written."


# What a statement may bind: ``def word``, ``word = ...``, ``import x as word``, and other words.
_AT_MARGIN = re.compile(r"^(?:def |class |    import .* as )?(\w+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class _Definition:
    """One top-level statement of a part that binds a name."""

    name: str
    part: str
    source: str
    is_block: bool

    @functools.cached_property
    def uses(self) -> frozenset[str]:
        """The global names that it refers to."""
        return frozenset(_global_names(self.source))


@dataclasses.dataclass(frozen=True)
class _Part:
    """A parsed part: its definitions in order, its imports by name, what it says of itself."""

    summary: str
    public: frozenset[str]
    definitions: tuple[_Definition, ...]
    imports: dict[str, tuple[str, str | None]]

    @property
    def title(self) -> str:
        """What stands above its definitions in the written module."""
        return self.summary.partition(":")[0].rstrip(".")


class UnknownNames(ValueError):
    """The written module has no such names.

    Attributes:
        names: these.
    """

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(f"the written module has no {', '.join(sorted(names))}")
        self.names = frozenset(names)


def assemble(names: Iterable[str]) -> str:
    """Writes the module that offers the given names.

    Args:
        names: Public names that a tree uses, e.g. `conv2d`, `layer_defaults`.

    Returns:
        The source of one standalone module, with these names and `ALWAYS` in its `__all__`.

    Raises:
        UnknownNames: If a name is not one of `public_names()`.
    """
    wanted = sorted({*names, *ALWAYS})
    unknown = [name for name in wanted if not any(name in p.public for p in _parts_with(name))]
    if unknown:
        raise UnknownNames(unknown)
    kept = _closure(wanted)
    blocks = [head(wanted, _sections(kept, wanted)), _imports(kept), _all(wanted), *_bodies(kept)]
    return "\n".join(blocks) + "\n"


def supplement(name: str, present: Collection[str]) -> str:
    """Writes what a written module lacks to offer one more name.

    Args:
        name: One of `public_names()`.
        present: The names that the module has, private ones too.

    Returns:
        Source to be executed among the globals of the module.
    """
    missing = [definition for definition in _closure([name]) if definition.name not in present]
    return "\n".join([_imports(missing), *_bodies(missing)]) + "\n"


@functools.cache
def public_names() -> frozenset[str]:
    """Returns every name that `assemble` can offer."""
    return frozenset[str]().union(*(_part(name).public for name in PARTS))


@functools.cache
def _text(part: str) -> str:
    return Path(__file__).with_name(f"{part}.py").read_text("utf-8")


@functools.cache
def _part(name: str) -> _Part:
    return _read(name, _text(name))


def _parts_with(name: str) -> list[_Part]:
    """The parts that may define a name, by their text: a tree needs few of them parsed."""
    return [_part(part) for part in _by_word().get(name, ())]


@functools.cache
def _by_word() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in PARTS:
        for word in set(_AT_MARGIN.findall(_text(part))):
            found.setdefault(word, []).append(part)
    return found


def _read(name: str, source: str) -> _Part:
    tree = ast.parse(source)
    summary = (ast.get_docstring(tree) or name).partition("\n")[0]
    lines = source.splitlines()
    public: frozenset[str] = frozenset()
    definitions = []
    imports: dict[str, tuple[str, str | None]] = {}
    for node in tree.body:
        bound = _bound_name(node)
        if bound == "__all__" and isinstance(node, ast.Assign):
            public = frozenset(ast.literal_eval(node.value))
        elif bound is not None:
            definitions.append(_definition(bound, name, node, lines))
        elif isinstance(node, ast.Import):
            imports.update(
                {a.asname or a.name.partition(".")[0]: (a.name, None) for a in node.names}
            )
        elif isinstance(node, ast.ImportFrom) and not str(node.module).startswith(_PACKAGE):
            imports.update({a.name: (str(node.module), a.name) for a in node.names})
    return _Part(summary, public, tuple(definitions), imports)


def _bound_name(node: ast.stmt) -> str | None:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.If) and isinstance(node.body[0], ast.Import):  # TensorFlow
        return node.body[0].names[0].asname
    return None


def _definition(name: str, part: str, node: ast.stmt, lines: list[str]) -> _Definition:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    source = "\n".join(lines[first : node.end_lineno])
    is_block = isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If))
    return _Definition(name, part, source, is_block)


def _global_names(source: str) -> Iterator[str]:
    """Yields the global names that a statement refers to; locals of the same name do not count."""
    tables = [symtable.symtable(source, "part", "exec")]
    for table in tables:
        tables.extend(table.get_children())
        at_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (at_top or symbol.is_global()):
                yield symbol.get_name()


def _closure(names: Iterable[str]) -> list[_Definition]:
    """Returns the definitions that `names` need, in the order of the parts."""
    seen: set[str] = set()
    needed: set[_Definition] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            found = [d for part in _parts_with(name) for d in part.definitions if d.name == name]
            needed.update(found)
            pending.extend(use for definition in found for use in definition.uses)
    parts = [_part(part) for part in PARTS if any(d.part == part for d in needed)]
    return [definition for part in parts for definition in part.definitions if definition in needed]


def _sections(
    kept: Iterable[_Definition], wanted: Collection[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yields what each part that is there says of itself, with what it offers of the wanted."""
    for name, definitions in itertools.groupby(kept, lambda definition: definition.part):
        yield _part(name).summary, [d.name for d in definitions if d.name in wanted]


def _imports(kept: Collection[_Definition]) -> str:
    """Writes one import block for what is used, sorted as isort does; `backends` has TensorFlow."""
    used = frozenset[str]().union(*(definition.uses for definition in kept)) - {"tf"}
    bound: dict[str, tuple[str, str | None]] = {}
    for part in sorted({definition.part for definition in kept}):
        bound.update({k: v for k, v in _part(part).imports.items() if k in used})
    sections: dict[bool, list[str]] = {True: [], False: []}
    for name, (module, member) in sorted(bound.items(), key=lambda item: item[1][0]):
        if member is None:
            alias = f" as {name}" if name != module.partition(".")[0] else ""
            sections[_is_standard(module)].append(f"import {module}{alias}")
    for module in sorted({module for module, member in bound.values() if member}):
        members = sorted(member for m, member in bound.values() if m == module and member)
        sections[_is_standard(module)].append(f"from {module} import {', '.join(members)}")
    texts = ["from __future__ import annotations", *("\n".join(s) for s in sections.values() if s)]
    return "\n\n".join(texts) + "\n"


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _all(names: list[str]) -> str:
    listed = "".join(f'    "{name}",\n' for name in sorted(names, key=_by_numbers))
    return f"__all__ = [\n{listed}]"


def _by_numbers(name: str) -> list[int | str]:
    """Sorts `resnet_v1_50` before `resnet_v1_101`, as linters want it."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _bodies(kept: list[_Definition]) -> Iterator[str]:
    """Yields the definitions with their blank lines and a heading above each part."""
    previous: _Definition | None = None
    for definition in kept:
        if previous is None or previous.part != definition.part:
            yield f"\n\n# --- {_part(definition.part).title} ---\n"
            gap = "\n" if definition.is_block else ""
        else:
            gap = "\n\n" if definition.is_block or previous.is_block else ""
        yield gap + definition.source
        previous = definition
