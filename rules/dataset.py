"""slim.dataset.Dataset: where examples are and how to read them."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

DATASET = RenamedRule(
    code="SLIM271",
    name="dataset",
    summary="slim.dataset.Dataset -> ExampleDataset of the written module",
    apis=("slim.dataset.Dataset",),
    names=(("Dataset", "ExampleDataset"),),
    only_tensorflow="a dataset is no KerasTensor",
    details=(
        "The reader stays a reader class of TensorFlow 1. It only says which files these are: "
        "tf.data reads them."
    ),
    examples=(
        Example(
            before="""
import os

import tensorflow as tf
from tensorflow.contrib import slim


def flowers(folder, decoder):
    return slim.dataset.Dataset(
        data_sources=os.path.join(folder, 'flowers-*'),
        reader=tf.TFRecordReader,
        decoder=decoder,
        num_samples=3320,
        items_to_descriptions={'image': 'A picture.'},
        num_classes=5)
""",
            after="""
import os

import tensorflow as tf

from scoped_layers import ExampleDataset


def flowers(folder, decoder):
    return ExampleDataset(
        data_sources=os.path.join(folder, 'flowers-*'),
        reader=tf.compat.v1.TFRecordReader,
        decoder=decoder,
        num_samples=3320,
        items_to_descriptions={'image': 'A picture.'},
        num_classes=5)
""",
        ),
        Example(
            title="the module by another name; another library's",
            before="""
from tf_slim.data import dataset as slim_dataset
from torch.utils.data import dataset


class Flowers(slim_dataset.Dataset):
    pass


def is_dataset(value):
    return isinstance(value, (slim_dataset.Dataset, dataset.Dataset))
""",
            after="""
from torch.utils.data import dataset

from scoped_layers import ExampleDataset


class Flowers(ExampleDataset):
    pass


def is_dataset(value):
    return isinstance(value, (ExampleDataset, dataset.Dataset))
""",
        ),
    ),
)
