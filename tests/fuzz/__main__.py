"""`python -m tests.fuzz`: mutated programs until the time is over."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import keyword
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from slimport.rewrite.registry import all_rules
from tests.fuzz.mutations import mutated, parses
from tests.fuzz.packages import package
from tests.fuzz.promises import broken_tree

_LONGEST = 30_000
ROOT = Path(__file__).parents[2]
NET = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3)\n\n\n"
_IDENTIFIER = re.compile(r"\b[^\W\d]\w*\b")

Files = dict[str, str]


def programs() -> list[tuple[str, str]]:
    """Names and texts of the programs to start from: the rules' examples and the fixtures."""
    from textwrap import dedent

    found = [
        (f"{rule.name}-{number}", dedent(example.before))
        for rule in all_rules()
        for number, example in enumerate(rule.examples)
    ]
    files = sorted((ROOT / "fixtures/legacy").rglob("*.py"))
    return found + [(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in files]


def files_below(folder: Path) -> list[tuple[str, str]]:
    """The same for real files below a folder that name slim, unless they are long."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        data = path.read_bytes()
        if b"slim" not in data or len(data) > _LONGEST:
            continue
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode("utf-8").replace("\r\n", "\n")
            if parses(text):
                found.append((str(path.relative_to(folder)), text))
    return found


def generated(seed: int) -> list[str]:
    """Different programs of hypothesmith; few of those that it draws are more than a line."""
    import warnings

    import hypothesmith
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    found: dict[str, None] = {}
    warnings.simplefilter("ignore")

    @seeded(seed)
    @settings(
        max_examples=100, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(hypothesmith.from_node())
    def collect(text: str) -> None:
        if len(text.split()) > 2:
            found[text] = None

    collect()
    return list(found)


def with_slim(text: str, choice: random.Random) -> str:
    """A generated program, some names of which are slim's or the network's; beside a network."""
    names = ("slim", "slim.conv2d", "slim.flatten(x)", "slim.arg_scope([slim.conv2d])", "x", "net")
    known = sorted({name for name in _IDENTIFIER.findall(text) if not keyword.iskeyword(name)})
    for _ in range(9):  # where a name is bound, a call cannot stand
        given = {name: choice.choice((name, *names)) for name in known}
        new = NET + _IDENTIFIER.sub(lambda f, given=given: given.get(f[0], f[0]), text)
        if parses(new):
            return new
    return NET + text


def tried(name: str, files: dict[str, str], keep: Path | None) -> str:
    """Why a program breaks a promise; it is kept, and empty text is for none that does."""
    try:
        why = broken_tree({path: _bytes(text) for path, text in files.items()})
    except Exception:
        why = "raised: " + traceback.format_exc()[-600:]
    if why:
        print(f"{name}: {why}", flush=True)
        for path, text in files.items() if keep is not None else ():
            place = Path(keep or "", name.replace("/", "_"), f"{path}.txt")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_bytes(text))
    return why


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def mutated_package(seed: int) -> dict[str, str]:
    """A program of several files; of two in three, one or two files are mutated."""
    choice = random.Random(seed)
    files = package(seed)
    for path in choice.sample(sorted(files), choice.choice((0, 1, 2))):
        files[path] = mutated(files[path], choice)
    return files


def trees(seed: int, known: list[tuple[str, str]], more: bool) -> Iterator[tuple[str, Files]]:
    """The programs of one seed, each with its name.

    Args:
        seed: which.
        known: programs to mutate.
        more: packages and hypothesmith's programs, too.
    """
    choice = random.Random(seed)
    name, text = choice.choice(known)
    yield f"{name}@{seed}", {"net.py": mutated(text, choice)}
    if more and seed % 2 == 0:
        yield f"package@{seed}", mutated_package(seed)
    if more and seed % 200 == 0:
        for number, found in enumerate(generated(seed)):
            for draw in range(4):  # they are dear, and their names cheap
                yield f"generated-{number}-{draw}@{seed}", {"net.py": with_slim(found, choice)}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--keep", type=Path, help="folder for programs that break a promise")
    options.add_argument("--files", type=Path, help="folder of files to mutate")
    options.add_argument("--count", type=int, help="seeds to take at most")
    options.add_argument("--generated", action="store_true", help="packages and hypothesmith, too")
    given = options.parse_args()
    faulthandler.enable()  # a stack that overflows in C says nothing otherwise
    start, count, faults = time.monotonic(), Counter[str](), 0
    known = files_below(given.files) if given.files else programs()
    seed, end = given.seed, given.seed + (given.count or sys.maxsize)
    while time.monotonic() - start < given.seconds and seed < end:
        seed += 1
        for name, files in trees(seed, known, given.generated):
            faults += bool(tried(name, files, given.keep))
            kind = name.partition("@")[0].partition("-")[0]
            count[kind if kind in ("package", "generated") else "mutated"] += 1
    done = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
    print(f"{done}: {faults} broke a promise, seeds {given.seed + 1} to {seed}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
