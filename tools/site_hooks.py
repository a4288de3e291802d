"""What mkdocs.yml cannot say: README.md and CHANGELOG.md as pages, all rules in the navigation.

Pages link to files of the repository as GitHub shows them. On the site a link to a page stays one,
and a link to any other file is its name, unless mkdocs.yml knows the repository's address.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from slimport.explain.families import grouped
from slimport.explain.find import everything

ROOT = Path(__file__).resolve().parents[1]
#: Pages of the site that lie beside docs/.
OUTSIDE = {"index.md": "README.md", "changelog.md": "CHANGELOG.md"}
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)"
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Gives every rule its place in the navigation, by family."""
    families = [
        {family.title: [{f"{rule.code} {rule.name}": f"rules/{rule.code}.md"} for rule in rules]}
        for family, rules in grouped(everything())
    ]
    config.nav = [
        {"Rules": ["rules.md", *families]} if entry == {"Rules": "rules.md"} else entry
        for entry in config.nav or []
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that lie beside docs/."""
    for page, source in OUTSIDE.items():
        text = (ROOT / source).read_text("utf-8")
        if page == "index.md":  # nothing stands beside it in the navigation
            text = f"---\nhide: [navigation]\n---\n\n{text}"
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Turns links as they are in the repository into links of the site."""
    name = page.file.src_uri
    source = PurePosixPath(OUTSIDE.get(name, f"docs/{name}"))
    address = (config.repo_url or "").rstrip("/")
    return _outside_code(
        markdown, lambda text: _LINK.sub(lambda found: _link(found, source, name, address), text)
    )


def _outside_code(markdown: str, change: Any) -> str:
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def _link(found: re.Match[str], source: PurePosixPath, page: str, address: str) -> str:
    picture, text, target, anchor = found.groups(default="")
    file = _normal(source.parent / target)
    on_site = {outside: inside for inside, outside in OUTSIDE.items()}.get(file)
    if file.startswith("docs/") and not file.startswith("docs/ci/"):
        on_site = file.removeprefix("docs/")
    if on_site is not None and (ROOT / file).is_file() and _is_published(file):
        return f"{picture}[{text}]({_relative(on_site, page)}{anchor})"
    return f"[{text}]({address}/blob/main/{file})" if address else text


def _is_published(file: str) -> bool:
    return not (file.startswith("docs/examples/") and file.endswith((".py", ".toml")))


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _relative(target: str, page: str) -> str:
    return "../" * page.count("/") + target
