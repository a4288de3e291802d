"""What the tests of input pipelines share: examples, record files, slim's names on both sides."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf
from slimport.rules.tfexample_decoder import TFEXAMPLE_DECODER

# tf_slim/data/tfexample_decoder.py looks for these where TensorFlow 1 had them.
for _module, _name in (
    ("control_flow_ops", "case"),
    ("control_flow_ops", "cond"),
    ("array_ops", "stack"),
):
    _inner = importlib.import_module(f"tensorflow.python.ops.{_module}")
    if not hasattr(_inner, _name):
        setattr(_inner, _name, getattr(tf.compat.v1, _name))

OTHER_NAMES = dict(TFEXAMPLE_DECODER.names)


def decoders_of(side: Any) -> Any:
    """The decoders of one side, under slim's names."""
    if hasattr(side, "tfexample_decoder"):
        return side.tfexample_decoder
    short = [api.rpartition(".")[2] for api in TFEXAMPLE_DECODER.apis]
    return SimpleNamespace(**{name: getattr(side, OTHER_NAMES.get(name, name)) for name in short})


def feature(values: Any) -> Any:
    """A feature of bytes, whole numbers or floats."""
    values = [values] if isinstance(values, (bytes, int, float)) else list(values)
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if not values or isinstance(values[0], (float, np.floating)):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**features: Any) -> bytes:
    """A serialized example."""
    named = {name: feature(values) for name, values in features.items()}
    written = tf.train.Example(features=tf.train.Features(feature=named))
    return bytes(written.SerializeToString())


def sequence_example(context: dict[str, Any], **frames: Sequence[Any]) -> bytes:
    """A serialized sequence: for each name the values of each frame."""
    lists = {
        name: tf.train.FeatureList(feature=[feature(values) for values in rows])
        for name, rows in frames.items()
    }
    named = {name: feature(values) for name, values in context.items()}
    written = tf.train.SequenceExample(
        context=tf.train.Features(feature=named),
        feature_lists=tf.train.FeatureLists(feature_list=lists),
    )
    return bytes(written.SerializeToString())


def write_records(path: Path, records: Iterable[bytes], compression: str = "") -> str:
    """Writes a TFRecord file; returns its name."""
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record)
    return str(path)
