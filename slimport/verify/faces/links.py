"""Addresses of lines of the two trees, where a run on a build server says where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from slimport.verify.result import Site, VerifyResult

_HASH = re.compile(r"\b[0-9a-f]{40}\b")


@dataclass(frozen=True)
class Links:
    """Where each tree can be read.

    Attributes:
        old: Address of the root of the legacy tree, with a slash behind; empty if unknown.
        new: Address of the root of the migrated tree, likewise.
    """

    old: str = ""
    new: str = ""

    def to(self, side: str, site: Site) -> str:
        """Returns the address of a line; empty where its tree has none."""
        root = self.old if side == "old" else self.new
        return f"{root}{quote(site.file)}#L{site.line}" if root else ""


def links_from(environment: Mapping[str, str], result: VerifyResult) -> Links:
    """Returns the addresses that the variables of GitHub Actions or GitLab CI give.

    A tree outside of the checkout has none. One that came from a revision is where the new one is,
    at that revision.
    """
    for blobs, commit, folder in _servers(environment):
        new = _inside(result.new, folder)
        new_root = "" if new is None else f"{blobs}/{commit}/{new}"
        base = _HASH.search(result.base)
        if base is not None and new is not None and _is_below(result.old, new):
            return Links(f"{blobs}/{base.group()}/{new}", new_root)
        old = None if result.base else _inside(result.old, folder)
        return Links("" if old is None else f"{blobs}/{commit}/{old}", new_root)
    return Links()


def _servers(env: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The address of files at a commit, that commit, and the folder it is checked out in."""
    found = []
    if all(env.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "SHA", "WORKSPACE")):
        blobs = f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/blob"
        found.append((blobs, env["GITHUB_SHA"], env["GITHUB_WORKSPACE"]))
    if all(env.get(f"CI_{name}") for name in ("PROJECT_URL", "COMMIT_SHA", "PROJECT_DIR")):
        blobs = f"{env['CI_PROJECT_URL']}/-/blob"
        found.append((blobs, env["CI_COMMIT_SHA"], env["CI_PROJECT_DIR"]))
    return found


def _inside(tree: str, folder: str) -> str | None:
    """A tree's path within the checkout, with a slash behind unless it is all of it."""
    try:
        path = Path(tree).resolve().relative_to(Path(folder).resolve()).as_posix()
    except ValueError:
        return None
    return "" if path == "." else quote(path) + "/"


def _is_below(tree: str, path: str) -> bool:
    """Whether a tree is at this path of a checkout that is gone."""
    return not path or Path(tree).as_posix().endswith(f"/{path.rstrip('/')}")
