"""What is left of slim's input pipelines: helpers of its own tests, and names it does not have."""

from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Example

INPUT = MarkedRule(
    code="SLIM403",
    name="input_pipeline",
    summary="slim.data.test_utils and anything else below slim's data modules",
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
    reason="no part of slim's public functions",
    advice="write examples with tf.io.TFRecordWriter",
    examples=(
        Example(
            title="records of slim's own tests",
            before="""
from tf_slim.data import test_utils


def records(folder):
    return test_utils.create_tfrecord_files(folder, num_files=2)
""",
            after="""
from scoped_layers import legacy_import

test_utils = legacy_import("tf_slim.data.test_utils")


def records(folder):
    # TODO(slimport): SLIM403 slim.data.test_utils.create_tfrecord_files: no part of slim's public
    #   functions; write examples with tf.io.TFRecordWriter
    return test_utils.create_tfrecord_files(folder, num_files=2)
""",
        ),
    ),
)
