"""Parts of slim that are marked, with the reason and the way on."""

from dataclasses import dataclass

from slimport.index.program import Reference
from slimport.rewrite.rule import Leave, Outcome, Rule
from slimport.rewrite.site import CallSite, ValueSite


@dataclass(frozen=True, kw_only=True)
class MarkedRule(Rule):
    """APIs that no rule rewrites yet; each reference is marked."""

    reason: str
    advice: str

    def call(self, site: CallSite) -> Outcome:
        return Leave(f"{site.api}: {self.reason}", self.advice)

    def value(self, site: ValueSite) -> Outcome:
        return Leave(f"{site.api}: {self.reason}", self.advice)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        return f"{reference.api.name} is not rewritten"


LEARNING = MarkedRule(
    code="SLIM401",
    name="learning",
    summary="slim.learning: training loops",
    apis=("slim.learning.*",),
    reason="a training loop on graphs and sessions",
    advice="train the model with compile() and fit()",
)

EVALUATION = MarkedRule(
    code="SLIM402",
    name="evaluation",
    summary="slim.evaluation, slim.metrics: evaluation loops and streaming metrics",
    apis=("slim.evaluation.*", "slim.metrics.*", "tf.contrib.metrics.*"),
    reason="an evaluation loop on graphs and sessions",
    advice="use model.evaluate() with keras.metrics",
)

INPUT = MarkedRule(
    code="SLIM403",
    name="input_pipeline",
    summary="slim.dataset, tfexample_decoder, data providers, queues",
    apis=(
        "slim.dataset.*",
        "slim.data.*",
        "slim.dataset_data_provider.*",
        "slim.data_decoder.*",
        "slim.parallel_reader.*",
        "slim.prefetch_queue.*",
        "slim.tfexample_decoder.*",
        "slim.queues.*",
    ),
    reason="an input pipeline of queue runners",
    advice="build a tf.data.Dataset: TFRecordDataset, map(parse), shuffle, batch, prefetch",
)

LOSSES = MarkedRule(
    code="SLIM404",
    name="losses",
    summary="slim.losses: losses kept in a graph collection",
    apis=("slim.losses.*", "tf.contrib.losses.*"),
    reason="keeps losses in a graph collection",
    advice="compute the loss from the batch and add model.losses",
)

CHECKPOINTS = MarkedRule(
    code="SLIM405",
    name="checkpoints",
    summary="slim.assign_from_checkpoint_fn and family",
    apis=(
        "slim.assign_from_checkpoint",
        "slim.assign_from_checkpoint_fn",
        "slim.assign_from_values",
        "slim.assign_from_values_fn",
        "slim.filter_variables",
    ),
    reason="works on variables of a TF 1 graph",
    advice="legacy_variables(model) maps checkpoint names to the model's variables",
)

SUMMARIES = MarkedRule(
    code="SLIM406",
    name="summaries",
    summary="slim.summaries, slim.model_analyzer",
    apis=("slim.summaries.*", "slim.model_analyzer.*", "slim.summarize_*"),
    reason="writes graph summaries",
    advice="use keras.callbacks.TensorBoard or model.summary()",
)

NETS = MarkedRule(
    code="SLIM407",
    name="prebuilt_nets",
    summary="slim.nets: networks shipped inside the library",
    apis=("slim.nets.*",),
    reason="a network that was shipped inside tf_slim",
    advice="bring the network's source into the tree and rewrite it with the rest",
)

CONTRIB = MarkedRule(
    code="SLIM499",
    name="contrib",
    summary="tf.contrib beyond slim",
    apis=("tf.contrib.*",),
    reason="tf.contrib is gone in TensorFlow 2",
    advice="replace it by hand; the TensorFlow 2 migration guide names successors",
)
