"""The source of the Object Detection API: downloaded, unpacked, rewritten; never kept here."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DISTRIBUTION = "tf-models-research-object-detection"
VERSION = "2.8.0.post1"
ROOT = Path(__file__).resolve().parents[2]

#: What decides on the rewritten text, beside the tree itself; and what does not.
REWRITER = ("slimport", "rules")
NOT_REWRITER = ROOT / "slimport" / "verify"


@dataclass(frozen=True)
class Rewritten:
    """The migrated tree, and what the rewrite said of itself.

    Attributes:
        folder: Root of the tree.
        report: The JSON report of `slimport rewrite`.
        seconds: Wall time of the command.
    """

    folder: Path
    report: dict[str, Any]
    seconds: float


def legacy_tree(work: Path) -> Path:
    """Returns the unpacked source distribution, after downloading it with pip where it is missing.

    Args:
        work: Folder outside the repository.

    Raises:
        subprocess.CalledProcessError: pip found no index, or not the release.
    """
    archive = work / f"{DISTRIBUTION.replace('-', '_')}-{VERSION}.tar.gz"
    folder = work / "legacy"
    if not archive.exists():
        work.mkdir(parents=True, exist_ok=True)
        command = ["pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        command += ["--dest", str(work), f"{DISTRIBUTION}=={VERSION}"]
        subprocess.run([sys.executable, "-m", *command], check=True)
    if not (folder / "slim").is_dir():
        with tarfile.open(archive) as unpacked:
            unpacked.extractall(work / "unpacked", filter="data")
        (work / "unpacked" / archive.name.removesuffix(".tar.gz")).rename(folder)
    return folder


def migrated_tree(work: Path, legacy: Path) -> Rewritten:
    """Returns the rewritten tree; rewrites only if slimport changed since the last time.

    Raises:
        RuntimeError: The command ended with an error.
    """
    folder, report, stamp = work / "migrated", work / "rewrite.json", work / "rewrite.stamp"
    key = rewriter_key()
    if not stamp.exists() or json.loads(stamp.read_text())["key"] != key:
        started = time.monotonic()
        rewrite(legacy, folder, report)
        seconds = time.monotonic() - started
        stamp.write_text(json.dumps({"key": key, "seconds": seconds}))
    seconds = float(json.loads(stamp.read_text())["seconds"])
    return Rewritten(folder, json.loads(report.read_text()), seconds)


def rewrite(legacy: Path, folder: Path, report: Path) -> None:
    """Rewrites a tree into a folder.

    Raises:
        RuntimeError: The command ended with an error.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = ["rewrite", str(legacy), "--out", str(folder), "--report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "slimport", *command], capture_output=True, text=True
    )
    if done.returncode not in (0, 1):  # 1: something is left and marked
        raise RuntimeError(f"slimport rewrite ended with {done.returncode}:\n{done.stderr}")


def rewriter_key() -> str:
    """Stands for the text of everything that decides on a rewrite."""
    digest = hashlib.sha256()
    for name in REWRITER:
        for path in sorted((ROOT / name).rglob("*.py")):
            if NOT_REWRITER not in path.parents:
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()
