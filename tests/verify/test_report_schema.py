"""The JSON report and its schema say the same, field by field."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_results

from slimport.verify import result
from slimport.verify.faces.json_face import SCHEMA_FILE, to_data

SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))
ROOT = Path(__file__).resolve().parents[2]

#: What the report adds to the fields of a class, and what it leaves out.
ADDED = {
    "VerifyResult": {"schema", "equal", "verdict"},
    "ModeResult": {"first_divergence"},
    "TensorResult": {"relative", "ratio"},
}
LEFT_OUT = {"TensorResult": {"sample"}}
TABLES = {
    "CaseResult": "case",
    "ModeResult": "mode",
    "TensorResult": "tensor",
    "Divergence": "divergence",
    "Site": "site",
    "Curves": "curves",
    "Cost": "cost",
    "SideCost": "side_cost",
}


def check(data: Any) -> None:
    """Holds a report to the schema, and to it without room for unknown fields."""
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    jsonschema.Draft202012Validator(STRICT).validate(data)


def strict() -> Any:
    """The schema as it is before anybody adds a field."""
    found = copy.deepcopy(SCHEMA)
    for table in (found, *found["$defs"].values()):
        if "properties" in table:
            table["additionalProperties"] = False
    return found


STRICT = strict()


def odd_numbers() -> dict[str, Any]:
    """A report with numbers that JSON does not have."""
    inf, nan = float("inf"), float("nan")
    odd = sample_results.tensor("output", "x", 0, inf, floors={"ulp": nan}, double=-inf)
    mode = result.ModeResult("inference", result.Status.DIFFERS, [odd])
    return to_data(sample_results.run(sample_results.case("net", mode)))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["schema"]["const"] == result.SCHEMA_VERSION


@pytest.mark.parametrize("name", ["VerifyResult", *TABLES])
def test_it_names_every_field(name: str) -> None:
    fields = {field.name for field in dataclasses.fields(getattr(result, name))}
    table = SCHEMA["$defs"][TABLES[name]] if name in TABLES else SCHEMA
    expected = (fields | ADDED.get(name, set())) - LEFT_OUT.get(name, set())
    assert set(table["properties"]) == expected == set(table["required"])
    assert all(field.get("description") for field in table["properties"].values())


@pytest.mark.parametrize("make", [sample_results.failing_run, sample_results.equal_run])
def test_reports_follow_it(make: Any) -> None:
    check(to_data(make()))


def test_the_example_of_the_documentation_follows_it() -> None:
    check(json.loads((ROOT / "docs" / "examples" / "verify-report.json").read_text("utf-8")))


def test_numbers_that_json_lacks_are_text() -> None:
    data = odd_numbers()
    check(json.loads(json.dumps(data, allow_nan=False)))
    tensor = data["cases"][0]["modes"][0]["tensors"][0]
    assert (tensor["max_abs"], tensor["floors"], tensor["double"]) == (
        "inf",
        {"ulp": "nan"},
        "-inf",
    )


def test_it_refuses_what_is_no_report() -> None:
    good = to_data(sample_results.failing_run())
    for change in ({"schema": 2}, {"status": "fine"}, {"unknown": 1}, {"seed": "0"}):
        with pytest.raises(jsonschema.ValidationError):
            check({**good, **change})
    cut = copy.deepcopy(good)
    del cut["cases"][0]["modes"][0]["tensors"][0]["ratio"]
    with pytest.raises(jsonschema.ValidationError):
        check(cut)


def test_the_page_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("doc", ROOT / "tools" / "make_report_doc.py")
    assert spec is not None and spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.PAGE.read_text("utf-8") == maker.page(SCHEMA), "run `make docs`"
