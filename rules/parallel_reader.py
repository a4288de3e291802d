"""slim.parallel_reader: records of several files at a time."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

PARALLEL_READER = RenamedRule(
    code="SLIM273",
    name="parallel_reader",
    summary="slim.parallel_reader.parallel_read, get_data_files ... -> the written module's",
    apis=(
        "slim.parallel_reader.ParallelReader",
        "slim.parallel_reader.get_data_files",
        "slim.parallel_reader.parallel_read",
        "slim.parallel_reader.single_pass_read",
    ),
    only_tensorflow="records are no KerasTensors",
    details=(
        "parallel_read and single_pass_read read with tf.data, in a TF 1 graph; see "
        "SLIM272 for the order. Keys are slim's: file:byte, file:line or file:number. "
        "ParallelReader fills the queue that it is given, with TensorFlow 1's readers."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim
from tensorflow.contrib.slim.python.slim.data import parallel_reader


def lines(pattern):
    files = parallel_reader.get_data_files(pattern)
    _, line = slim.parallel_reader.parallel_read(
        files, reader_class=tf.TextLineReader, num_readers=2, num_epochs=1,
        reader_kwargs={'skip_header_lines': 1})
    return tf.train.batch([line], 8, allow_smaller_final_batch=True)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import get_data_files, parallel_read


def lines(pattern):
    files = get_data_files(pattern)
    _, line = parallel_read(
        files, reader_class=tf.TextLineReader, num_readers=2, num_epochs=1,
        reader_kwargs={'skip_header_lines': 1})
    return tf.train.batch([line], 8, allow_smaller_final_batch=True)
""",
        ),
    ),
)
