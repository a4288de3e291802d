"""Plants wrong rewrites in migrated networks and programs; each must be found.

    python -m benchmarks.verify_sweep [--work FOLDER] [WORD]...

`faults.toml` lists the edits, of which those run whose function or description holds one of the
words. The legacy networks lie beside it; programs that train are `fixtures/legacy/training_steps`.
Each edit is a case of one run of `slimport verify`, which takes about six minutes on two cores.
Lines are not searched. Prints what was found first for each edit, and ends with 1 where a fault was
missed, an alarm raised, or an edit finds nothing to change any more.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import click

from slimport.rewrite.command import Request
from slimport.rewrite.command import run as rewrite
from slimport.verify.faces.wording import outcome
from slimport.verify.result import CaseResult, Status
from slimport.verify.run import Settings, verify

HERE = Path(__file__).parent
PROGRAMS = HERE.parents[1] / "fixtures" / "legacy" / "training_steps"

#: Inputs of a network, where not one picture.
PICTURE = "[[case.inputs]]\nshape = [2, 8, 8, 4]\n"
FRAMES = "[[case.inputs]]\nshape = [3, 6, 5]\n"
INPUTS = {
    "lstm": FRAMES,
    "gru": FRAMES,
    # Wide and many enough that a bound of 6 is reached, and that each rounding differs somewhere.
    "bn_alone": "[[case.inputs]]\nshape = [2, 8, 8, 4]\nlow = -20.0\nhigh = 20.0\n",
    "whole": PICTURE + '[[case.inputs]]\nshape = [64]\ndtype = "int32"\nlow = -9\nhigh = 9\n',
    "smoothed": "[[case.inputs]]\nshape = [3, 5]\n"
    '[[case.inputs]]\nshape = [3]\ndtype = "int32"\nhigh = 5\n',
}
TRAINING = ("conv_bn", "bn_alone", "drop", "frozen", "averaged")


@dataclass(frozen=True)
class Edit:
    """One edit of the migrated tree.

    Attributes:
        number: Its place, which makes names unique.
        entry: ``module:function`` of the legacy tree.
        what: In words.
        find: What is replaced, once, in the function; of a program, in the module.
        put: What takes its place.
        equal: Whether no number of a case can tell it.
        args: Arguments of a program, as TOML.
    """

    number: int
    entry: str
    what: str
    find: str
    put: str
    equal: bool = False
    args: str = ""

    @property
    def module(self) -> str:
        """The module that is edited."""
        return self.entry.partition(":")[0]

    @property
    def name(self) -> str:
        """Of the case."""
        return f"{self.number} {self.entry}: {self.what}"

    def plant(self, tree: Path) -> bool:
        """Writes a module with the edit beside the true one; False where there is none to make."""
        text = (tree / f"{self.module}.py").read_text("utf-8")
        begin, end = 0, len(text)
        if not self.args:
            function = self.entry.partition(":")[2]
            found = re.search(rf"^def {function}\(.*?(?=^def |\Z)", text, re.MULTILINE | re.DOTALL)
            assert found is not None, self.entry
            begin, end = found.span()
        edited = text[begin:end].replace(self.find, self.put, 1)
        if edited == text[begin:end]:
            return False
        text = text[:begin] + edited + text[end:]
        # Flags are defined once.
        text = re.sub(r"(?m)^flags\.DEFINE.*$", "import train", text)
        (tree / f"{self.module}__{self.number}.py").write_text(text, "utf-8")
        return True

    def case(self) -> str:
        """The case as a case file has it."""
        module, _, function = self.entry.partition(":")
        lines = [
            "[[training]]" if self.args else "[[case]]",
            f"name = {json.dumps(self.name)}",
            f'old_entry = "{self.entry}"',
            f'new_entry = "{module}__{self.number}:{function}"',
        ]
        if self.args:
            lines += [f"args = {self.args}", "steps = [1, 3, 20]"]
            lines += ['places = ["graph"]'] if module == "train_sessions" else []
            return "\n".join([*lines, ""])
        lines += ['training_argument = "is_training"'] if function in TRAINING else []
        lines += ["built_once = false"] if function == "drop" else []
        return "\n".join([*lines, INPUTS.get(function, PICTURE)])


def edits(words: tuple[str, ...]) -> list[Edit]:
    """The edits that hold one of the words; all without words."""
    tables = tomllib.loads((HERE / "faults.toml").read_text("utf-8"))["edit"]
    found = [Edit(number, table.pop("in"), **table) for number, table in enumerate(tables)]
    return [e for e in found if not words or any(word in e.name for word in words)]


def judge(words: tuple[str, ...], work: Path) -> tuple[dict[Edit, CaseResult], list[Edit]]:
    """Migrates the trees, plants the edits and has them judged.

    Returns:
        The verdict on each edit, and the edits that find nothing to change.
    """
    old, new = work / "old", work / "new"
    for tree in (old, new):
        shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(PROGRAMS, old)
    shutil.copy(HERE / "legacy" / "nets.py", old)
    report = rewrite(Request((old,), new)).report
    if report.failed:
        raise click.ClickException(f"{len(report.failed)} files cannot be migrated")
    chosen = edits(words)
    planted = {edit.name: edit for edit in chosen if edit.plant(new)}
    cases = work / "verify.toml"
    cases.write_text("".join(["\n", *(edit.case() for edit in planted.values())]), "utf-8")
    result = verify(cases, old, new, Settings(locate=False, cache=work / "cache"))
    return (
        {planted[case.name]: case for case in result.cases},
        [edit for edit in chosen if edit.name not in planted],
    )


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--work",
    default=Path("build/verify-sweep"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
)
def main(words: tuple[str, ...], work: Path) -> None:
    """Judges the edits and prints what each is found by."""
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    judged, lost = judge(words, work)
    wrong = 0
    for edit, case in judged.items():
        is_right = case.status is (Status.EQUAL if edit.equal else Status.DIFFERS)
        wrong += not is_right
        first = case.first_divergence
        told = case.failure or ""
        if first is not None:
            mode, tensor = first
            told = f"{mode.mode}, {tensor.group} {tensor.name}: {outcome(tensor)}"
        click.echo(f"{'' if is_right else 'WRONG '}{case.status.value}: {edit.name}: {told}")
    for edit in lost:
        click.echo(f"WRONG nothing to edit: {edit.name}")
    click.echo(f"{len(judged)} edits, {wrong} judged wrongly, {len(lost)} not made")
    sys.exit(bool(wrong or lost))


if __name__ == "__main__":
    main()
