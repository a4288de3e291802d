"""`python -m tests.fuzz`: mutated programs until the time is over."""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from slimport.rewrite.registry import all_rules
from tests.fuzz.mutations import mutated, parses
from tests.fuzz.promises import broken

_LONGEST = 30_000
ROOT = Path(__file__).parents[2]


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


def generated(seed: int) -> Iterator[str]:
    """Programs of hypothesmith beside a network."""
    import warnings

    import hypothesmith
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    found: list[str] = []
    warnings.simplefilter("ignore")

    @seeded(seed)
    @settings(
        max_examples=50, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(hypothesmith.from_node())
    def collect(text: str) -> None:
        found.append(text)

    collect()
    yield from found


def tried(name: str, text: str, keep: Path | None) -> str:
    try:
        why = broken(text.encode("utf-8", "surrogatepass"))
    except Exception:
        why = "raised: " + traceback.format_exc()[-600:]
    if why:
        print(f"{name}: {why}", flush=True)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            place = keep / (name.replace("/", "_") + ".py.txt")
            place.write_text(text, "utf-8", "surrogatepass")
    return why


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--keep", type=Path, help="folder for programs that break a promise")
    options.add_argument("--files", type=Path, help="folder of files to mutate")
    options.add_argument("--generated", action="store_true", help="hypothesmith's programs, too")
    given = options.parse_args()
    start, count, faults = time.monotonic(), 0, 0
    known = files_below(given.files) if given.files else programs()
    net = "import tf_slim as slim\n\n\ndef net(x):\n    return slim.conv2d(x, 8, 3)\n\n\n"
    seed = given.seed
    while time.monotonic() - start < given.seconds:
        seed += 1
        choice = random.Random(seed)
        name, text = choice.choice(known)
        faults += bool(tried(f"{name}@{seed}", mutated(text, choice), given.keep))
        count += 1
        if given.generated and seed % 200 == 0:
            for number, more in enumerate(generated(seed)):
                faults += bool(tried(f"generated-{seed}-{number}", net + more, given.keep))
                count += 1
    print(f"{count} programs, {faults} broke a promise, seeds {given.seed + 1} to {seed}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
