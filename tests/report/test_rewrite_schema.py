"""The JSON report and its schema say the same, field by field."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from slimport.report import faces, model
from tests.report.sample import program, reported

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(faces.SCHEMA_FILE.read_text("utf-8"))
TABLES = {
    "FileReport": "file",
    "Rewritten": "rewritten",
    "LeftAlone": "left",
    "Position": "position",
    "FunctionForm": "function",
}


def strict() -> Any:
    """The schema as it is before anybody adds a field."""
    found = copy.deepcopy(SCHEMA)
    for table in (found, *found["$defs"].values()):
        if "properties" in table:
            table["additionalProperties"] = False
    return found


STRICT = strict()


def data_of(report: model.Report) -> Any:
    stream = io.StringIO()
    faces.write(report, "json", stream)
    return json.loads(stream.getvalue())


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("doc", ROOT / "tools" / "make_report_doc.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", TABLES)
def test_it_names_every_field(name: str) -> None:
    fields = {field.name for field in dataclasses.fields(getattr(model, name))} - {"moved"}
    table = SCHEMA["$defs"][TABLES[name]]
    assert set(table["properties"]) == fields == set(table["required"])
    assert all(field.get("description") for field in table["properties"].values())


@pytest.mark.parametrize("write", [False, True])
def test_reports_follow_it(tmp_path: Path, write: bool) -> None:
    data = data_of(reported(program(tmp_path), write))
    jsonschema.Draft202012Validator(STRICT).validate(data)
    assert set(data) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    assert data["written"] is write and data["summary"]["left"] == 5


@pytest.mark.parametrize(
    "change", [{"schema": "slimport.rewrite/2"}, {"written": "yes"}, {"files": [{}]}]
)
def test_it_refuses_what_is_no_report(tmp_path: Path, change: dict[str, Any]) -> None:
    data = data_of(reported(program(tmp_path)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, **change}, SCHEMA)
    del data["files"][1]["left"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_the_page_and_its_example_are_fresh(maker: ModuleType) -> None:
    page = maker.page(SCHEMA, maker.REWRITE_HEAD)
    assert maker.REWRITE_PAGE.read_text("utf-8") == page, "run `make docs`"
    example = maker.EXAMPLE.read_text("utf-8")
    assert example == maker.example(), "run `make docs`"
    jsonschema.Draft202012Validator(STRICT).validate(json.loads(example))


def test_paths_that_are_no_utf8_can_be_written() -> None:
    report = model.Report("1", [model.FileReport("a\udcff.py", model.Status.FAILED, error="x")])
    for face in ("json", "sarif", "gitlab"):
        stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
        faces.write(report, face, stream)
        stream.flush()


def test_an_unknown_face_is_an_error() -> None:
    with pytest.raises(
        ValueError, match="no face 'xml'; there are text, json, sarif, github, gitlab"
    ):
        faces.write(model.Report("1"), "xml", io.StringIO())
