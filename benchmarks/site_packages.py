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

from slimport.rewrite.tree import rewrite_tree
from tests.fuzz.promises import FAULTS

#: Packages that hold slim, or are written for TensorFlow 1's names.
EXPECTED = {
    "tensorflow", "tensorflow_core", "tensorflow_estimator", "tf_slim", "tf_keras", "keras",
    "tensorboard",
}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.site_packages")
    options.add_argument("folder", type=Path)
    options.add_argument("names", nargs="*", help="packages; all of the folder without any")
    given = options.parse_args()
    start = time.monotonic()
    result = [rewrite_tree(given.folder / name) for name in given.names] or [
        rewrite_tree(given.folder)
    ]
    files = [file for tree in result for file in tree.report.files]
    changed = Counter(
        (name or file.path).split("/")[0]
        for name, tree in zip(given.names or [""], result, strict=True)
        for file in tree.report.changed
    )
    failed = [file for file in files if file.error]
    faults = [file for file in failed if any(fault in file.error for fault in FAULTS)]
    for file in failed:
        print(f"{file.path}: {file.error}")
    print(f"{len(files)} files in {time.monotonic() - start:.0f} s, "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")  # fmt: skip
    print(f"would change: {dict(sorted(changed.items())) or 'none'}")
    print(
        f"{len(failed)} cannot be read or rewritten, {len(faults)} of them by a fault of slimport"
    )
    sys.exit(1 if faults or changed.keys() - EXPECTED else 0)


if __name__ == "__main__":
    main()
