"""A streaming metric becomes a line that logs one of Keras'."""

from __future__ import annotations

import libcst as cst

from slimport.index.metric_calls import MetricCall
from slimport.rewrite.long_lines import on_lines
from slimport.rewrite.site import FileServices
from slimport.rewrite.statements import arguments, keyword, on_one_line


def log_line(
    name: cst.BaseExpression, metric: MetricCall, node: cst.BaseExpression, services: FileServices
) -> cst.BaseStatement:
    """``log_metric('accuracy', keras.metrics.Accuracy, labels, predictions)``

    Args:
        name: The metric's name.
        metric: What it was.
        node: Its call, with arguments that are rewritten already.
        services: The file.
    """
    assert isinstance(node, cst.Call)
    given = arguments(node, metric.parameters)
    home, _, written = metric.kind.written.partition(".")
    made = [cst.Arg(name)]
    made.append(cst.Arg(services.keras(written) if written else services.written(home)))
    if "values" in given:
        made.append(cst.Arg(given["values"]))
    else:
        made += [cst.Arg(given["labels"]), cst.Arg(_predictions(metric, given, services))]
    weights = metric.given.get("weights")
    if weights is not None and getattr(weights, "value", 0) is not None:
        made.append(keyword("sample_weight", given["weights"]))
    made += [keyword(config, given[config]) for config in metric.kind.config if config in given]
    call = cst.Call(services.written("log_metric"), on_one_line(made))
    call = on_lines(call)
    return cst.SimpleStatementLine([cst.Expr(call)])


def _predictions(
    metric: MetricCall, given: dict[str, cst.BaseExpression], services: FileServices
) -> cst.BaseExpression:
    """The predictions, compared as slim compared them."""
    predictions = given["predictions"]
    if not metric.compares:
        return predictions
    dtype: cst.BaseExpression = services.tensorflow("bool", "tensorflow")
    if metric.compares == "labels":
        dtype = cst.Attribute(given["labels"], cst.Name("dtype"))
    cast = services.tensorflow("cast", "tensorflow")
    return cst.Call(cast, [cst.Arg(predictions), cst.Arg(dtype)])
