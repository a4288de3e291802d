"""Writes the pages on the JSON reports from their schemas, and an example.

python tools/make_report_doc.py
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slimport.rewrite.command import Request, run

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "slimport" / "verify" / "faces" / "report.schema.json"
PAGE = ROOT / "docs" / "verify-report.md"
REWRITE_SCHEMA = ROOT / "slimport" / "report" / "rewrite-report.schema.json"
REWRITE_PAGE = ROOT / "docs" / "rewrite-report.md"
EXAMPLE = ROOT / "docs" / "examples" / "rewrite-report.json"
LEGACY = """\
import tf_slim as slim


def net(images):
    return slim.conv2d(images, 8, [3, 3], scope='conv1')


def train(loss, optimizer):
    slim.learning.tune(slim.learning.create_train_op(loss, optimizer), '/tmp/net')
"""

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


REWRITE_HEAD = """\
# The JSON report of slimport rewrite

<!-- Written by `make docs` (tools/make_report_doc.py) from the schema: do not edit. -->

`slimport rewrite PATH --report report.json` writes everything that a run did, and
`--output-format json` prints it. The JSON Schema (draft 2020-12) is
[rewrite-report.schema.json](../slimport/report/rewrite-report.schema.json), which the package
holds. Fields may be added to it; the number in `schema` is raised where one changes its meaning or
goes away.

```python
import json
import jsonschema
from slimport.report.faces import SCHEMA_FILE

jsonschema.validate(json.load(open("report.json")), json.loads(SCHEMA_FILE.read_text("utf-8")))
```

[A small report](examples/rewrite-report.json): a network that was rewritten, a loop that was left.

What is left, where it is now, with jq; then the rules that did most:

```
jq -r '.written as $written | .files[] | "\\(.root)/\\(.path)" as $path | .left[]
    | (if $written then .new.line // .line else .line end) as $line
    | "\\($path):\\($line): \\(.code) \\(.reason)"' report.json
jq -r '.summary.by_rule | to_entries | sort_by(-.value.rewritten)[]
    | [.key, .value.rewritten, .value.left] | @tsv' report.json
```
"""


def page(schema: dict[str, Any], head: str = HEAD) -> str:
    """Returns the page: a table for each object, in the order in which they are met."""
    parts = [head, _section("report", schema)]
    parts += [
        _section(name, item) for name, item in schema["$defs"].items() if "properties" in item
    ]
    status = schema["$defs"].get("status")
    if status is not None:
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
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if isinstance(field["type"], list):
        return " or ".join(field["type"])
    if field["type"] == "array":
        return f"list of {kind(field['items'])}"
    if isinstance(field.get("additionalProperties"), dict):
        return f"object of {kind(field['additionalProperties'])}"
    return str(field["type"])


def example() -> str:
    """Returns the report on a small module, as it is after its rewrite."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "net.py").write_text(LEGACY, "utf-8")
        report = run(Request((Path(folder),))).report
    for file in report.files:
        file.root = "legacy"
    return json.dumps(report.to_json(), indent=2) + "\n"


def main() -> None:
    """Writes the pages."""
    PAGE.write_text(page(json.loads(SCHEMA.read_text("utf-8"))), "utf-8")
    rewrite = page(json.loads(REWRITE_SCHEMA.read_text("utf-8")), REWRITE_HEAD)
    REWRITE_PAGE.write_text(rewrite, "utf-8")
    EXAMPLE.write_text(example(), "utf-8")


if __name__ == "__main__":
    main()
