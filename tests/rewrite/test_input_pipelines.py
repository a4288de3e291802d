"""Input pipelines: every way to name them, and what stays."""

from __future__ import annotations

import pytest

from slimport.index.canonical import canonical, is_namespace
from slimport.rewrite.plan import Options
from tests.rewrite.tools import (
    check_left,
    check_noop,
    check_transformed,
    output,
    report,
    rewrite_program,
)

# An import, and how it spells the module of decoders.
FORMS = {
    "import tf_slim as slim": "slim.tfexample_decoder",
    "import tensorflow.contrib.slim as slim": "slim.tfexample_decoder",
    "from tensorflow.contrib import slim": "slim.tfexample_decoder",
    "from tensorflow.contrib import slim as contrib_slim\nslim = contrib_slim": (
        "slim.tfexample_decoder"
    ),
    "import tensorflow as tf\nslim = tf.contrib.slim": "slim.tfexample_decoder",
    "import tensorflow as tf": "tf.contrib.slim.tfexample_decoder",
    "import tf_slim": "tf_slim.data.tfexample_decoder",
    "from tf_slim.data import tfexample_decoder as decoders": "decoders",
    "from tf_slim import tfexample_decoder": "tfexample_decoder",
    "from tensorflow.contrib.slim.python.slim.data import tfexample_decoder": "tfexample_decoder",
    "import tf_slim as slim\nslim_example_decoder = slim.tfexample_decoder": (
        "slim_example_decoder"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_import(form: str) -> None:
    module = FORMS[form]
    check_transformed(
        f"{form}\n\n\n"
        f"class Twice({module}.ItemHandler):\n    pass\n\n\n"
        f"def handlers(given):\n"
        f"    if isinstance(given, {module}.Tensor):\n"
        f"        return [given, {module}.Image(shape=[4, 4, 3])]\n"
        f"    return map({module}.BackupHandler, [Twice('a')], [Twice('b')])\n",
        """\
        from scoped_layers import BackupHandler, ImageItem, ItemHandler, TensorItem


        class Twice(ItemHandler):
            pass


        def handlers(given):
            if isinstance(given, TensorItem):
                return [given, ImageItem(shape=[4, 4, 3])]
            return map(BackupHandler, [Twice('a')], [Twice('b')])
        """,
    )


def test_a_symbol_by_its_own_name() -> None:
    check_transformed(
        """\
        from tf_slim.data.prefetch_queue import prefetch_queue
        from tf_slim.data.tfexample_decoder import Tensor as Field, TFExampleDecoder


        def build(features, batch):
            decoder = TFExampleDecoder(features, {'a': Field('a')})
            return decoder, prefetch_queue(batch, capacity=4)
        """,
        """\
        from scoped_layers import TensorItem, TFExampleDecoder, prefetch_queue


        def build(features, batch):
            decoder = TFExampleDecoder(features, {'a': TensorItem('a')})
            return decoder, prefetch_queue(batch, capacity=4)
        """,
    )


def test_a_function_named_as_its_module() -> None:
    deep = "tensorflow.contrib.slim.python.slim.data.prefetch_queue"
    assert canonical(deep) == "slim.prefetch_queue"
    assert canonical(f"{deep}.prefetch_queue") == "slim.prefetch_queue.prefetch_queue"
    assert is_namespace("slim.prefetch_queue")
    assert not is_namespace("slim.prefetch_queue.prefetch_queue")


def test_names_that_the_file_has_itself() -> None:
    check_transformed(
        """\
        import tf_slim as slim


        class ItemHandler(slim.tfexample_decoder.ItemHandler):
            pass


        def decoder(TensorItem):
            return slim.tfexample_decoder.Tensor('a'), ItemHandler('b'), TensorItem
        """,
        """\
        from scoped_layers import (
            ItemHandler as scoped_ItemHandler,
            TensorItem as scoped_TensorItem,
        )


        class ItemHandler(scoped_ItemHandler):
            pass


        def decoder(TensorItem):
            return scoped_TensorItem('a'), ItemHandler('b'), TensorItem
        """,
    )


def test_a_program_over_several_files() -> None:
    result = rewrite_program(
        {
            "flowers.py": """
import tensorflow as tf
from tensorflow.contrib import slim


def get_split(pattern):
    decoder = slim.tfexample_decoder.TFExampleDecoder(
        {'label': tf.FixedLenFeature([], tf.int64)},
        {'label': slim.tfexample_decoder.Tensor('label')})
    return slim.dataset.Dataset(pattern, tf.TFRecordReader, decoder, 10, {})
""",
            "show.py": """
import tensorflow as tf
from tensorflow.contrib import slim

import flowers


def main():
    provider = slim.dataset_data_provider.DatasetDataProvider(flowers.get_split('a*'))
    [label] = provider.get(['label'])
    with tf.Session() as session, slim.queues.QueueRunners(session):
        print(session.run(label))


if __name__ == '__main__':
    main()
""",
        }
    )
    assert result.report.left == 0
    for name in ("flowers.py", "show.py"):
        text = output(result, name)
        assert text is not None and not report(result, name).error
        assert "import tensorflow.compat.v1 as tf\n" in text
        assert "slim" not in text
    assert "tf.disable_v2_behavior()\n    main()" in (output(result, "show.py") or "")


def test_what_stays() -> None:
    left = check_left(
        """\
        from tf_slim.data import test_utils

        FILES = test_utils.create_tfrecord_files('/tmp')
        """,
        3,
        "SLIM403",
    )
    assert "slim.data.test_utils" in left.left[0].reason
    check_left("import tf_slim\n\nA = tf_slim.dataset.SomethingElse\n", 3, "SLIM403")


def test_other_libraries_stay() -> None:
    check_noop(
        """\
        from datasets import dataset
        from slim.data import tfexample_decoder
        from torch.utils import data


        def load(path):
            return dataset.Dataset(path), tfexample_decoder.Tensor('a'), data.Dataset()
        """
    )


def test_get_without_sessions_is_marked() -> None:
    source = """
from tf_slim.data import dataset, dataset_data_provider


def load(path, reader, decoder):
    files = dataset.Dataset(path, reader, decoder, 10, {})
    return dataset_data_provider.DatasetDataProvider(files).get(['image'])
"""
    result = rewrite_program({"net.py": source}, Options(target="keras"))
    (left,) = report(result, "net.py").left
    assert left.code == "SLIM272" and "get()" in left.reason
    assert "ExampleDataset(path, reader" in (output(result, "net.py") or "")
