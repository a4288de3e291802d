"""Decoders and item handlers: values, types and shapes are slim's, in graphs and in tf.data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from input_pipelines import decoders_of, example, sequence_example
from old_side import v1

tf = pytest.importorskip("tensorflow")


PICTURE = np.random.default_rng(0).integers(0, 256, (5, 4, 3), np.uint8)
DEEP = np.random.default_rng(1).integers(0, 65536, (5, 4, 1), np.uint16)
PNG = tf.io.encode_png(PICTURE).numpy()
JPEG = tf.io.encode_jpeg(PICTURE, quality=100).numpy()
GRAY = tf.io.encode_png(PICTURE[..., :1]).numpy()
OTHER = tf.io.encode_png(PICTURE[::-1]).numpy()

STRING = tf.io.FixedLenFeature((), tf.string, default_value="")
STRINGS = tf.io.FixedLenSequenceFeature((), tf.string, allow_missing=True)
VAR_INT = tf.io.VarLenFeature(tf.int64)
VAR_FLOAT = tf.io.VarLenFeature(tf.float32)
VAR_STRING = tf.io.VarLenFeature(tf.string)
IMAGE = {"image/encoded": STRING, "image/format": STRING}
BOXES = {f"box/{side}": VAR_FLOAT for side in ("ymin", "xmin", "ymax", "xmax")}


def picture(encoded: Any, name: bytes = b"png") -> bytes:
    return example(**{"image/encoded": encoded, "image/format": name})


def boxes(count: int) -> bytes:
    return example(**{name: np.arange(count) + i / 8 for i, name in enumerate(BOXES)})


def table(names: Any) -> Any:
    values = tf.range(len(names), dtype=tf.int64) + 7
    content = tf.lookup.KeyValueTensorInitializer(tf.constant(names), values)
    return tf.lookup.StaticHashTable(content, -1)


# name -> serialized example, how it is parsed, and a function from decoders to a handler
CASES: dict[str, tuple[bytes, dict[str, Any], Callable[[Any], Any]]] = {
    "png": (picture(PNG), IMAGE, lambda d: d.Image()),
    "jpeg": (picture(JPEG, b"jpeg"), IMAGE, lambda d: d.Image()),
    "jpeg, fast": (picture(JPEG, b""), IMAGE, lambda d: d.Image(dct_method="INTEGER_FAST")),
    "jpeg, accurate": (
        picture(JPEG, b"jpg"),
        IMAGE,
        lambda d: d.Image(dct_method="INTEGER_ACCURATE"),
    ),
    "the format is wrong": (picture(JPEG, b"png"), IMAGE, lambda d: d.Image()),
    "gif": (
        picture(
            b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
        ),
        IMAGE,
        lambda d: d.Image(shape=[1, 1, 1, 3]),
    ),
    "gray": (picture(GRAY), IMAGE, lambda d: d.Image(channels=1)),
    "gray to colour": (picture(GRAY), IMAGE, lambda d: d.Image()),
    "colour to gray": (picture(JPEG), IMAGE, lambda d: d.Image(channels=1, dtype=tf.float32)),
    "alpha": (picture(PNG), IMAGE, lambda d: d.Image(channels=4)),
    "16 bits": (
        picture(tf.io.encode_png(DEEP).numpy()),
        IMAGE,
        lambda d: d.Image(channels=1, dtype=tf.uint16),
    ),
    "shape": (picture(PNG), IMAGE, lambda d: d.Image(shape=[5, 4, 3])),
    "raw": (
        picture(PICTURE.tobytes(), b"raw"),
        IMAGE,
        lambda d: d.Image(shape=[5, 4, 3]),
    ),
    "RAW floats": (
        picture(PICTURE.astype("float32").tobytes(), b"RAW"),
        IMAGE,
        lambda d: d.Image("image/encoded", "image/format", [4, 5, 3], dtype=tf.float32),
    ),
    "repeated": (
        picture([PNG, OTHER, PNG]),
        {**IMAGE, "image/encoded": STRINGS},
        lambda d: d.Image(repeated=True),
    ),
    "repeated, none": (
        example(**{"image/format": b"png"}),
        {**IMAGE, "image/encoded": STRINGS},
        lambda d: d.Image(repeated=True, shape=[5, 4, 3]),
    ),
    "repeated, raw": (
        picture([PICTURE.tobytes(), PICTURE[::-1].tobytes()], b"raw"),
        {**IMAGE, "image/encoded": STRINGS},
        lambda d: d.Image(repeated=True, shape=(5, 4, 3)),
    ),
    "a sequence": (
        example(a=[1.0, 2.0, 3.0, 4.0]),
        {"a": tf.io.FixedLenSequenceFeature([2], tf.float32, allow_missing=True)},
        lambda d: d.Tensor("a"),
    ),
    "a sequence, missing": (
        example(b=1),
        {"a": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)},
        lambda d: d.Tensor("a"),
    ),
    "sparse by TensorFlow": (
        example(i=[4, 1], v=[1.0, 2.0]),
        {"a": tf.io.SparseFeature("i", "v", tf.float32, 6)},
        lambda d: d.Tensor("a"),
    ),
    "ragged": (
        example(v=[1, 2, 3, 4], s=[0, 1, 1, 4]),
        {"a": tf.io.RaggedFeature(tf.int64, "v", [tf.io.RaggedFeature.RowSplits("s")])},
        lambda d: d.ItemHandlerCallback("a", lambda t: t["a"].to_tensor()),
    ),
    "ragged, one row": (
        example(a=[1, 2]),
        {"a": tf.io.RaggedFeature(tf.int64)},
        lambda d: d.Tensor("a"),
    ),
    "empty, of any length": (example(a=[]), {"a": VAR_FLOAT}, lambda d: d.Tensor("a")),
    "scalar": (example(a=3), {"a": tf.io.FixedLenFeature([], tf.int64)}, lambda d: d.Tensor("a")),
    "missing, with a default": (
        example(b=1),
        {"a": tf.io.FixedLenFeature([1], tf.int64, default_value=9)},
        lambda d: d.Tensor("a"),
    ),
    "missing, of any length": (example(b=1), {"a": VAR_FLOAT}, lambda d: d.Tensor("a")),
    "any length": (example(a=[1.0, 2.0]), {"a": VAR_FLOAT}, lambda d: d.Tensor("a")),
    "texts": (
        example(a=[b"x", b"yy"]),
        {"a": VAR_STRING},
        lambda d: d.Tensor("a", default_value=""),
    ),
    "a shape": (
        example(a=range(6)),
        {"a": tf.io.FixedLenFeature([6], tf.int64)},
        lambda d: d.Tensor("a", shape=[2, -1]),
    ),
    "a sparse shape": (
        example(a=range(6)),
        {"a": VAR_INT},
        lambda d: d.Tensor("a", shape=(3, 2)),
    ),
    "one feature for the shape": (
        example(a=range(6), s=[3, 2]),
        {"a": VAR_INT, "s": VAR_INT},
        lambda d: d.Tensor("a", shape_keys="s"),
    ),
    "two features for the shape": (
        example(a=range(6), h=[2], w=[3]),
        {"a": VAR_INT, "h": tf.io.FixedLenFeature([1], tf.int64), "w": VAR_INT},
        lambda d: d.Tensor("a", shape_keys=["h", "w"], default_value=5),
    ),
    "looked up": (
        example(a=[b"cat", b"bird", b"dog"]),
        {"a": VAR_STRING},
        lambda d: d.LookupTensor("a", table(["dog", "cat"])),
    ),
    "nothing to look up": (
        example(b=1),
        {"a": VAR_STRING},
        lambda d: d.LookupTensor("a", table(["dog", "cat"]), shape=[0, 2]),
    ),
    "sparse": (
        example(indices=[0, 3, 2], values=[1.0, 2.0, 3.0]),
        {"indices": VAR_INT, "values": VAR_FLOAT},
        lambda d: d.SparseTensor(),
    ),
    "sparse, made dense": (
        example(i=[0, 2, 3], v=[1.0, 2.0, 3.0]),
        {"i": VAR_INT, "v": VAR_FLOAT},
        lambda d: d.SparseTensor("i", "v", shape=[5], densify=True, default_value=-1.0),
    ),
    "sparse, with a shape": (
        example(i=[1, 2], v=[4.0, 5.0], s=[7]),
        {"i": VAR_INT, "v": VAR_FLOAT, "s": VAR_INT},
        lambda d: d.SparseTensor("i", "v", "s", densify=True),
    ),
    "sparse, without elements": (
        example(b=1),
        {"i": VAR_INT, "v": VAR_FLOAT},
        lambda d: d.SparseTensor("i", "v", shape=[3], densify=True),
    ),
    "boxes": (boxes(3), BOXES, lambda d: d.BoundingBox(prefix="box/")),
    "boxes by name": (
        boxes(2),
        BOXES,
        lambda d: d.BoundingBox(["xmin", "ymin", "xmax", "ymax"], "box/"),
    ),
    "no boxes": (boxes(0), BOXES, lambda d: d.BoundingBox(prefix="box/")),
    "dense boxes": (
        boxes(2),
        {name: tf.io.FixedLenFeature([2], tf.float32) for name in BOXES},
        lambda d: d.BoundingBox(prefix="box/"),
    ),
    "a function": (
        example(a=[1.0, 2.0], b=3),
        {"a": VAR_FLOAT, "b": tf.io.FixedLenFeature([], tf.int64)},
        lambda d: d.ItemHandlerCallback(
            ["a", "b"], lambda t: t["a"].values * tf.cast(t["b"], tf.float32)
        ),
    ),
    "backup, not needed": (
        example(a=[1], b=[2]),
        {"a": VAR_INT, "b": VAR_INT},
        lambda d: d.BackupHandler(d.Tensor("a"), d.Tensor("b")),
    ),
    "backup": (
        example(b=[2, 3]),
        {"a": VAR_INT, "b": VAR_INT},
        lambda d: d.BackupHandler(d.Tensor("a"), d.Tensor("b")),
    ),
}

FRAMES = {"y": VAR_FLOAT, "x": VAR_FLOAT, "ymin": VAR_FLOAT, "ymax": VAR_FLOAT, "xmin": VAR_FLOAT}
FRAMES["xmax"] = VAR_FLOAT
RAGGED = [[0.5, 1.5], [], [2.5, 3.5, 4.5]]
SEQUENCE_CASES: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    name: (sequence_example({"size": 4}, **dict.fromkeys(FRAMES, RAGGED)), handler)
    for name, handler in {
        "boxes": lambda d: d.BoundingBoxSequence(prefix=""),
        "boxes, sparse": lambda d: d.BoundingBoxSequence(prefix="", return_dense=False),
        "keypoints": lambda d: d.KeypointsSequence(prefix="", default_value=-2.0),
        "keypoints by name": lambda d: d.KeypointsSequence(["min", "max"], "x"),
        "how many": lambda d: d.NumBoxesSequence(["ymin", "xmax"]),
        "context": lambda d: d.Tensor("size"),
    }.items()
}
SEQUENCE_CASES["no frames"] = (
    sequence_example({"size": 4}, **{key: [] for key in FRAMES}),
    lambda d: d.NumBoxesSequence(["ymin"], check_consistency=False),
)
CONTEXT = {"size": tf.io.FixedLenFeature([1], tf.int64)}


def in_graph(decode: Callable[[Any], Any], serialized: bytes) -> tuple[Any, Any]:
    """The value of an item and its static shape, in a TF 1 graph."""
    with tf.Graph().as_default(), v1.Session() as session:
        item = decode(v1.placeholder_with_default(tf.constant(serialized), []))
        session.run(v1.tables_initializer())
        return session.run(item), item.shape


def in_dataset(decode: Callable[[Any], Any], serialized: bytes) -> Any:
    """The value of an item in tf.data."""
    (item,) = tf.data.Dataset.from_tensors(serialized).map(lambda record: decode(record))
    return item


def parts(item: Any) -> list[Any]:
    """Arrays of a dense or sparse tensor, of a graph's or an eager one."""
    sparse = isinstance(item, (tf.SparseTensor, v1.SparseTensorValue))
    return [
        np.asarray(p)
        for p in ((item.indices, item.values, item.dense_shape) if sparse else (item,))
    ]


def assert_same(found: Any, expected: Any) -> None:
    assert len(parts(found)) == len(parts(expected))
    for one, other in zip(parts(found), parts(expected), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", CASES)
def test_items_are_slims(name: str, old: Any, new: Any) -> None:
    serialized, features, handler = CASES[name]

    def decode(side: Any) -> Callable[[Any], Any]:
        d = decoders_of(side)
        return lambda record: d.TFExampleDecoder(features, {"item": handler(d)}).decode(record)[0]

    expected, shape = in_graph(decode(old), serialized)
    found, new_shape = in_graph(decode(new), serialized)
    assert_same(found, expected)
    assert new_shape.as_list() == shape.as_list() if shape.rank is not None else True
    if "look" in name:  # a table is made outside of tf.data
        d = decoders_of(new)
        decoder = d.TFExampleDecoder(features, {"item": handler(d)})
        assert_same(in_dataset(lambda record: decoder.decode(record)[0], serialized), expected)
    else:
        assert_same(in_dataset(decode(new), serialized), expected)


@pytest.mark.parametrize("channels", [None, 1, 3])
@pytest.mark.parametrize("dct_method", ["", "INTEGER_FAST", "INTEGER_ACCURATE"])
def test_jpeg_is_what_decode_jpeg_makes_of_it(
    dct_method: str, channels: int | None, new: Any
) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (37, 50, 3)).astype("uint8")
    item = new.ImageItem(channels=channels, dct_method=dct_method)
    for options in ({"quality": 30}, {"progressive": True}, {"chroma_downsampling": False}):
        for pixels in (noise, noise[..., :1]):
            contents = tf.io.encode_jpeg(pixels, **options)
            features = {"image/encoded": contents, "image/format": tf.constant("jpeg")}
            found = item.tensors_to_item(features)
            expected = tf.io.decode_jpeg(contents, channels, dct_method=dct_method)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", SEQUENCE_CASES)
def test_items_of_sequences_are_slims(name: str, old: Any, new: Any) -> None:
    serialized, handler = SEQUENCE_CASES[name]

    def decode(side: Any) -> Callable[[Any], Any]:
        d = decoders_of(side)
        decoder = d.TFSequenceExampleDecoder(CONTEXT, FRAMES, {"item": handler(d)})
        return lambda record: decoder.decode(record, ["item"])[0]

    expected, _ = in_graph(decode(old), serialized)
    assert_same(in_graph(decode(new), serialized)[0], expected)
    assert_same(in_dataset(decode(new), serialized), expected)


def test_inconsistent_numbers_of_boxes(new: Any) -> None:
    serialized = sequence_example({}, a=[[1.0]], b=[[1.0, 2.0]])
    handler = new.NumBoxesSequenceItem(["a", "b"])
    decoder = new.TFSequenceExampleDecoder({}, {"a": VAR_FLOAT, "b": VAR_FLOAT}, {"n": handler})
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoder.decode(serialized)


def test_arguments_are_checked_as_slim_does(old: Any, new: Any) -> None:
    wrong = (
        lambda d: d.Tensor("a", shape_keys="s", shape=[1]),
        lambda d: d.BoundingBox(["ymin", "xmin"]),
        lambda d: d.KeypointsSequence(["y"], ""),
        lambda d: d.NumBoxesSequence([]),
        lambda d: d.BackupHandler(d.Tensor("a"), "b"),
        lambda d: d.TFSequenceExampleDecoder({"a": STRING}, {"a": VAR_INT}, {}),
    )
    for make in wrong:
        for side in (old, new):
            with pytest.raises(ValueError):
                make(decoders_of(side))
    for side in (old, new):
        with pytest.raises(TypeError):
            decoders_of(side).ItemHandler("a")  # is abstract


def test_items_in_the_order_asked_for(old: Any, new: Any) -> None:
    for side in (old, new):
        d = decoders_of(side)
        handlers = {name: d.Tensor(name) for name in "abc"}
        features = {name: tf.io.FixedLenFeature([], tf.int64) for name in "abc"}
        decoder = d.TFExampleDecoder(features, handlers)
        assert list(decoder.list_items()) == ["a", "b", "c"]
        record = example(a=1, b=2, c=3)
        assert [int(t) for t in decoder.decode(record, ["c", "a"])] == [3, 1]
        assert [int(t) for t in decoder.decode(record)] == [1, 2, 3]
        assert decoder.decode(record)[0].shape == ()


def test_errors_name_the_feature(new: Any) -> None:
    features = {"image/label": tf.io.FixedLenFeature([], tf.int64)}
    decoder = new.TFExampleDecoder(features, {"label": new.TensorItem("image/label")})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image/label.*required"):
        decoder.decode(example(other=1))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image/label.*types don't match"):
        decoder.decode(example(**{"image/label": 0.5}))
    decoder = new.TFExampleDecoder(features, {"label": new.TensorItem("image/lable")})
    with pytest.raises(KeyError, match="'label' takes the feature 'image/lable'"):
        decoder.decode(example(**{"image/label": 1}))
