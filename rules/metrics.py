"""slim.metrics (tf.contrib.metrics) beyond SLIM340: twins in tf.metrics, and a few of its own."""

from slimport.index.program import Reference
from slimport.rewrite.moved import handed_on, public
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, ValueSite

# slim's parameters, each with tf.metrics' name for it.
_TAIL = "weights metrics_collections updates_collections name"
_AT_THRESHOLDS = "predictions labels thresholds weights"
_TWINS = {
    "sparse_recall_at_top_k": (
        "recall_at_top_k", f"labels top_k_predictions=predictions_idx class_id {_TAIL}"
    ),
    "streaming_mean_cosine_distance": (
        "mean_cosine_distance", f"predictions labels dim {_TAIL}"
    ),
    "streaming_sparse_precision_at_top_k": (
        "precision_at_top_k", f"top_k_predictions=predictions_idx labels class_id {_TAIL}"
    ),
    **{
        f"streaming_{what}_at_thresholds": (f"{what}_at_thresholds", _AT_THRESHOLDS)
        for what in ("false_negatives", "false_positives", "true_negatives", "true_positives")
    },
}  # fmt: skip
_OWN = ("accuracy", "aggregate_metric_map", "aggregate_metrics", "streaming_recall_at_k")


class _MetricRule(Rule):
    """The public metric with arguments by name, or the written module's function."""

    def call(self, site: CallSite) -> Outcome:
        if site.aliased:
            return Keep()
        if site.short in _OWN:
            return site.renamed(site.file.written(site.short), {})
        target, parameters = _TWINS[site.short]
        pairs = [(name, new or name) for name, _, new in map(_split, parameters.split())]
        arguments = handed_on(site, pairs, 0)
        if arguments is None:
            return Leave(
                f"{site.api} is tf.metrics.{target}, which has another order of parameters, and "
                "what is passed cannot be seen",
                "pass every argument by name",
            )
        return site.node.with_changes(func=public(site, f"metrics.{target}"), args=arguments)

    def value(self, site: ValueSite) -> Outcome:
        if site.short in _OWN:
            return site.file.written(site.short)
        return Leave(
            f"{site.api} is passed on as a function; tf.metrics.{_TWINS[site.short][0]} has its "
            "parameters in another order",
            "pass on a function that hands its arguments over by name",
        )

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        return None if "aggregate" in name else f"{name} has no keras.ops equivalent"


def _split(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


METRICS = _MetricRule(
    code="SLIM343",
    name="metrics",
    summary="more of slim.metrics -> tf.compat.v1.metrics or the written module's",
    apis=tuple(
        f"{home}.{name}"
        for home in ("slim.metrics", "tf.contrib.metrics")
        for name in (*_TWINS, *_OWN)
    ),
    details=(
        "Metrics become those of tf.metrics that count the same on the same batches "
        "(tests/written/test_metrics.py); their local variables may lie in another scope. "
        "streaming_recall_at_k is none of them: it counts a tie with the k-th greatest score. "
        "What has no twin (streaming_covariance, streaming_false_positive_rate ...) is SLIM402's."
    ),
    refuses=(
        Refusal(
            "… is tf.metrics.…, which has another order of parameters, and what is passed "
            "cannot be seen",
            "slim's metrics take predictions first, `tf.metrics` labels: precision would "
            "become recall.",
            "pass every argument by name",
        ),
        Refusal(
            "… is passed on as a function; tf.metrics.… has its parameters in another order",
            "Whoever calls it hands the arguments over in the old order.",
            "pass on a function that hands its arguments over by name",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def measure(logits, labels):
    likely = tf.nn.softmax(logits)
    return slim.metrics.aggregate_metric_map({
        'Accuracy': slim.metrics.streaming_accuracy(tf.argmax(logits, 1), labels),
        'Recall_5': slim.metrics.streaming_recall_at_k(logits, labels, 5),
        'Angle': slim.metrics.streaming_mean_cosine_distance(
            likely, tf.one_hot(labels, 9), 1, name='angle'),
    })


def main(_):
    logits = tf.placeholder(tf.float32, [None, 9])
    values, updates = measure(logits, tf.placeholder(tf.int64, [None]))
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        session.run(list(updates.values()))
        print(session.run(values))


if __name__ == '__main__':
    tf.app.run()
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import aggregate_metric_map, streaming_recall_at_k


def measure(logits, labels):
    likely = tf.nn.softmax(logits)
    return aggregate_metric_map({
        'Accuracy': tf.metrics.accuracy(predictions=tf.argmax(logits, 1), labels=labels),
        'Recall_5': streaming_recall_at_k(logits, labels, 5),
        'Angle': tf.metrics.mean_cosine_distance(
            predictions=likely, labels=tf.one_hot(labels, 9), dim=1, name='angle'),
    })


def main(_):
    logits = tf.placeholder(tf.float32, [None, 9])
    values, updates = measure(logits, tf.placeholder(tf.int64, [None]))
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        session.run(list(updates.values()))
        print(session.run(values))


if __name__ == '__main__':
    tf.disable_v2_behavior()
    tf.app.run()
""",
        ),
        Example(
            title="numbers, and names that are taken",
            before="""
import tensorflow as tf
from tensorflow.contrib import metrics


def net(scores, labels):
    accuracy = metrics.accuracy(tf.argmax(scores, 1), labels, scores[:, 0])
    values, updates = metrics.aggregate_metrics((accuracy, 1), (scores, 2))
    return values
""",
            after="""
import tensorflow as tf

from scoped_layers import accuracy as scoped_accuracy, aggregate_metrics


def net(scores, labels):
    accuracy = scoped_accuracy(tf.argmax(scores, 1), labels, scores[:, 0])
    values, updates = aggregate_metrics((accuracy, 1), (scores, 2))
    return values
""",
            inputs=((6, 3), (6,)),
            dtypes=("float32", "int64"),
        ),
        Example(
            title="what the order of the parameters decides, and what has no twin",
            before="""
import tf_slim as slim


def measure(*pair):
    return [
        slim.metrics.streaming_mean_cosine_distance(*pair),
        slim.metrics.streaming_covariance(*pair),
        slim.metrics.streaming_recall_at_k(*pair),
    ]
""",
            after="""
from scoped_layers import legacy_import, streaming_recall_at_k

slim = legacy_import("tf_slim")


def measure(*pair):
    # TODO(slimport): SLIM343 slim.metrics.streaming_mean_cosine_distance is
    #   tf.metrics.mean_cosine_distance, which has another order of parameters, and what is passed
    #   cannot be seen; pass every argument by name
    # TODO(slimport): SLIM402 slim.metrics.streaming_covariance: an evaluation loop on graphs and
    #   sessions; use model.evaluate() with keras.metrics
    return [
        slim.metrics.streaming_mean_cosine_distance(*pair),
        slim.metrics.streaming_covariance(*pair),
        streaming_recall_at_k(*pair),
    ]
""",
        ),
    ),
)
