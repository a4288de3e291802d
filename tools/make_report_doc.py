"""Writes docs/verify-report.md from the JSON Schema of the report.

python tools/make_report_doc.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "slimport" / "verify" / "faces" / "report.schema.json"
PAGE = ROOT / "docs" / "verify-report.md"

HEAD = """\
# The JSON report of slimport verify

<!-- Written by `make docs` (tools/make_report_doc.py) from the schema: do not edit. -->

`slimport verify CASES --json report.json` writes everything that a run found. The JSON Schema
(draft 2020-12) is [report.schema.json](../slimport/verify/faces/report.schema.json), which the
package holds. Fields may be added to it; `schema` is raised where one changes its meaning or goes
away.

```python
import json
import jsonschema
from slimport.verify.faces.json_face import SCHEMA_FILE

jsonschema.validate(json.load(open("report.json")), json.loads(SCHEMA_FILE.read_text("utf-8")))
```

[A small report](examples/verify-report.json): one case, which differs in one of two tensors.

A number that JSON cannot hold is text: `"inf"`, `"-inf"` or `"nan"`. What fails, with jq:

```
jq -r '.cases[] | .name as $case | .modes[].divergences[]
    | "\\($case) \\(.new[0].file):\\(.new[0].line) \\(.why)"' report.json
jq -r '.cases[].modes[].tensors[] | select(.status == "differs")
    | [.group, .name, .relative, .ratio] | @tsv' report.json
```
"""


def page(schema: dict[str, Any]) -> str:
    """Returns the page: a table for each object, in the order in which they are met."""
    parts = [HEAD, _section("report", schema)]
    parts += [
        _section(name, item) for name, item in schema["$defs"].items() if "properties" in item
    ]
    status = schema["$defs"]["status"]
    values = ", ".join(f"`{value}`" for value in status["enum"])
    parts.append(f"## status\n\n{status['description']} One of {values}.\n")
    return "\n".join(parts)


def _section(name: str, item: dict[str, Any]) -> str:
    rows = "\n".join(_rows(item))
    return f"## {name}\n\n{item['description']}\n\n| field | type | what |\n|---|---|---|\n{rows}\n"


def _rows(item: dict[str, Any]) -> Iterator[str]:
    for name, field in item["properties"].items():
        yield f"| `{name}` | {kind(field)} | {field.get('description', '')} |"


def kind(field: dict[str, Any]) -> str:
    """Returns a field's type in words, with links to other tables."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return "number" if name == "number" else f"[{name}](#{name})"
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "anyOf" in field:
        return " or ".join(kind(item) for item in field["anyOf"])
    if isinstance(field["type"], list):
        return " or ".join(field["type"])
    if field["type"] == "array":
        return f"list of {kind(field['items'])}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"object of {kind(field['additionalProperties'])}"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    return str(field["type"])


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(json.loads(SCHEMA.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
