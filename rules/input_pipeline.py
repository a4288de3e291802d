"""slim.dataset, tfexample_decoder, data providers and queues: input pipelines."""

from slimport.rewrite.marked import MarkedRule

INPUT = MarkedRule(
    code="SLIM403",
    name="input_pipeline",
    summary="slim.dataset, tfexample_decoder, data providers, queues",
    apis=(
        "slim.dataset.*",
        "slim.data.*",
        "slim.dataset_data_provider.*",
        "slim.data_decoder.*",
        "slim.data_provider.*",
        "slim.parallel_reader.*",
        "slim.prefetch_queue.*",
        "slim.tfexample_decoder.*",
        "slim.queues.*",
    ),
    reason="an input pipeline of queue runners",
    advice="build a tf.data.Dataset: TFRecordDataset, map(parse), shuffle, batch, prefetch",
)
