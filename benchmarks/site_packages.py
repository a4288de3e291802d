"""slimport over a whole folder of installed packages: what it would change, and what fails.

Nobody migrates these. Files that refer neither to slim nor to TensorFlow 1 must come out as they
are, and none may stop the run. What is TensorFlow's own of the first version may change.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from slimport.report.model import FileReport
from slimport.rewrite.command import Request, run
from slimport.rewrite.extent import Wanted
from tests.fuzz.promises import FAULTS

#: Packages that hold slim, are TensorFlow's own, or are written for names of its first version.
#: `keras_preprocessing` is imported by TensorFlow 1: a part of its program, with an old name in it.
EXPECTED = {
    "tensorflow", "tensorflow_core", "tensorflow_estimator", "tf_slim", "tf_keras", "keras",
    "keras_preprocessing", "tensorboard", "opt_einsum",
}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.site_packages")
    options.add_argument("folder", type=Path)
    options.add_argument("names", nargs="*", help="packages; all of the folder without any")
    given = options.parse_args()
    start = time.monotonic()
    paths = tuple(given.folder / name for name in given.names) or (given.folder,)
    wanted = Wanted(paths, configured=given.folder)
    report = run(Request(paths, write=False, wanted=wanted, jobs=1)).report
    failed = [file for file in report.files if file.error]
    faults = [file for file in failed if any(fault in file.error for fault in FAULTS)]
    for file in failed:
        print(f"{file.path}: {file.error}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds, busy = time.monotonic() - start, used.ru_utime + used.ru_stime
    print(
        f"{len(report.files)} files in {seconds:.0f} s, {busy:.0f} s of processor time, "
        f"{used.ru_maxrss // 1024} MiB"
    )
    for what, files in {"would change": report.changed, "fail": failed}.items():
        print(f"{what}: {_by_package(files) or 'none'}")
    others = _by_package([*report.changed, *failed]).keys() - EXPECTED
    print(f"refused by slimport's own checks: {_by_package(faults) or 'none'}")
    if others:
        print(f"not expected: {', '.join(sorted(others))}")
    sys.exit(1 if others else 0)


def _by_package(files: list[FileReport]) -> dict[str, int]:
    return dict(sorted(Counter(Path(file.path).parts[0] for file in files).items()))


if __name__ == "__main__":
    main()
