"""slim.dataset_data_provider and slim.data_provider: examples in a program."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite


class _ProviderRule(RenamedRule):
    """The written module's provider, where its `get` has a graph to work in."""

    def call(self, site: CallSite) -> Outcome:
        has_graph = site.file.runs_sessions() or site.file.trains_with_fit()
        if site.short == "DatasetDataProvider" and not has_graph:
            return Leave(
                "get() of a data provider gives tensors of a TF 1 graph",
                "read tf.data.TFRecordDataset(files).map(decoder.decode), which gives the items",
            )
        return super().call(site)


DATA_PROVIDER = _ProviderRule(
    code="SLIM272",
    name="data_provider",
    summary="slim.dataset_data_provider.DatasetDataProvider -> the written module's, on tf.data",
    apis=("slim.dataset_data_provider.DatasetDataProvider", "slim.data_provider.DataProvider"),
    only_tensorflow="a data provider gives tensors of files",
    details=(
        "In a TF 1 graph get() gives the tensors that it gave, decoded in the graph, of records "
        "that tf.data reads into one queue; its runner starts with the others, and tf.train.batch "
        "works behind it. Everywhere, `examples` is the same data as a tf.data.Dataset. Without "
        "shuffling and with one reader the order is slim's; several readers, which slim let race, "
        "take turns. With shuffling an epoch ends before the next begins, common_queue_capacity "
        "is the size of the buffer, and common_queue_min has no meaning. The queue of file names "
        "and its summary are gone. A corrupt record is an InvalidArgumentError with the name of "
        "its file, where slim gave a DataLossError without."
    ),
    refuses=(
        Refusal(
            "get() of a data provider gives tensors of a TF 1 graph",
            "No session and no fit runs this code: its tensors would never be filled.",
            "read tf.data.TFRecordDataset(files).map(decoder.decode), which gives the items",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def batches(dataset, batch_size):
    provider = slim.dataset_data_provider.DatasetDataProvider(
        dataset, shuffle=True, common_queue_capacity=10 * batch_size,
        common_queue_min=2 * batch_size)
    image, label = provider.get(['image', 'label'])
    return tf.train.batch([tf.to_float(image), label], batch_size=batch_size)
""",
            after="""
import tensorflow.compat.v1 as tf

from scoped_layers import DatasetDataProvider


def batches(dataset, batch_size):
    provider = DatasetDataProvider(
        dataset, shuffle=True, common_queue_capacity=10 * batch_size,
        common_queue_min=2 * batch_size)
    image, label = provider.get(['image', 'label'])
    return tf.train.batch([tf.to_float(image), label], batch_size=batch_size)
""",
        ),
        Example(
            title="a provider of one's own",
            before="""
import tensorflow as tf
from tf_slim.data import data_provider, dataset_data_provider


class Pairs(data_provider.DataProvider):

    def __init__(self, dataset):
        source = dataset_data_provider.DatasetDataProvider(dataset, num_epochs=1, shuffle=False)
        left, right = source.get(['left', 'right'])
        items = {'pair': tf.stack([left, right])}
        super(Pairs, self).__init__(items_to_tensors=items, num_samples=source.num_samples())
""",
            after="""
import tensorflow as tf

from scoped_layers import DataProvider, DatasetDataProvider


class Pairs(DataProvider):

    def __init__(self, dataset):
        source = DatasetDataProvider(dataset, num_epochs=1, shuffle=False)
        left, right = source.get(['left', 'right'])
        items = {'pair': tf.stack([left, right])}
        super(Pairs, self).__init__(items_to_tensors=items, num_samples=source.num_samples())
""",
        ),
    ),
)
