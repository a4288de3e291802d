"""What a tree's infer.py detects in records, by checkpoint.

    detections.py CONFIG RECORDS CHECKPOINT=FILE ...

Writes boxes, scores, classes and the image each is of, and the objects that the records hold. The
tree is on the path; the legacy one runs under `run_legacy_script.py`.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import infer
import numpy as np
import PIL.Image
import tensorflow as tf
from utils import text_config

CORNERS = [f"image/object/bbox/{side}" for side in ("ymin", "xmin", "ymax", "xmax")]


def main(config: str, records: str, *pairs: str) -> None:
    model = text_config.load(config)["model"]
    examples = [example(record) for record in read(records)]
    for pair in pairs:
        checkpoint, _, path = pair.partition("=")
        detector = infer.Detector(model, checkpoint)
        found = columns(detector.detect(image) for image, _, _ in examples)
        objects = columns((boxes, labels) for _, boxes, labels in examples)
        named = zip(("boxes", "scores", "classes", "images"), found, strict=True)
        truth = zip(("true_boxes", "true_classes", "true_images"), objects, strict=True)
        part = Path(path).with_suffix(".part.npz")
        np.savez(part, **dict(named), **dict(truth))
        part.rename(path)


def read(records: str) -> list[bytes]:
    return list(tf.compat.v1.io.tf_record_iterator(records))


def example(record: bytes) -> tuple[PIL.Image.Image, np.ndarray, np.ndarray]:
    """The image, its boxes and its classes from 1."""
    features = tf.train.Example.FromString(record).features.feature
    image = PIL.Image.open(io.BytesIO(features["image/encoded"].bytes_list.value[0]))
    boxes = np.array([features[name].float_list.value for name in CORNERS]).T
    return image, boxes, np.array(features["image/object/class/label"].int64_list.value)


def columns(rows: Any) -> list[np.ndarray]:
    """The parts of all images one after the other, and of which image each is."""
    parts = list(zip(*rows, strict=True))
    images = np.repeat(np.arange(len(parts[0])), [len(part) for part in parts[0]])
    return [np.concatenate(part) for part in parts] + [images]


if __name__ == "__main__":
    tf.compat.v1.disable_v2_behavior()
    main(*sys.argv[1:])
