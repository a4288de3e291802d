"""Record readers: the records of one file with their keys, as TF 1's reader classes gave them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

# Bytes around a record: its length, two checksums (tensorflow/core/lib/io/record_reader.h).
_TFRECORD_FRAME = 16
# How many records are handed on at once: each handover costs as much as reading ten of them.
RECORDS_AT_ONCE = 32


def record_reader(reader_class: Any, reader_kwargs: Any = None) -> Callable[[Any], Any]:
    """Finds what reads the same records as a reader class of TF 1.

    Args:
        reader_class: `tf.compat.v1.TFRecordReader`, `TextLineReader`, `FixedLengthRecordReader`,
            `WholeFileReader` or `IdentityReader`, or a function that makes one of them.
        reader_kwargs: Its arguments.

    Returns:
        A function from a file name to a `tf.data.Dataset` of batches of pairs of a key and a
        record.

    Raises:
        TypeError: If `reader_class` makes no reader, or one with a `read` of its own.
        NotImplementedError: If it makes a reader of another format.
    """
    base = tf.compat.v1.ReaderBase
    with tf.Graph().as_default():  # its operation tells what it reads, however it was made
        reader = reader_class(**(reader_kwargs or {}))
        if not isinstance(reader, base) or type(reader).read is not base.read:
            raise TypeError(f"{reader_class} is no reader class of TensorFlow 1")
        operation = reader.reader_ref.op
    kind = operation.type.removesuffix("V2")
    if kind not in _READERS:
        known = ", ".join(_READERS)
        raise NotImplementedError(f"tf.data reads no files of {kind}; it does those of {known}")
    read, names = _READERS[kind]
    options = {name: operation.get_attr(name) for name in names}

    def records(path: Any) -> Any:
        return read(path, **options)

    unconverted: Callable[[Any], Any] = tf.autograph.experimental.do_not_convert(records)
    return unconverted


def _tf_records(path: Any, compression_type: bytes) -> Any:
    """The records of a TFRecord file, under `file:byte`; what cannot be read is an error."""

    def first_byte(offset: Any) -> Any:
        """Whether the file has a byte there; names a file that cannot be opened."""
        left = tf.data.FixedLengthRecordDataset(
            path, 1, header_bytes=offset, compression_type=compression_type
        )
        nothing = tf.data.Dataset.from_tensors("")
        # Dataset.reduce would take five times as long as reading a small file.
        return tf.not_equal(left.concatenate(nothing).take(1).get_single_element(), "")

    def checked(end: Any) -> Any:
        message = ["corrupt or unreadable record in file", path, "at byte", end]
        with tf.control_dependencies([tf.debugging.Assert(~first_byte(end), message)]):
            return tf.identity(end)

    def with_keys(start: Any, records: Any) -> Any:
        start = tf.cond(tf.equal(tf.size(records), 0), lambda: checked(start), lambda: start)
        sizes = tf.cast(tf.strings.length(records), tf.int64) + _TFRECORD_FRAME
        starts = tf.concat([[start], start + tf.cumsum(sizes)], 0)
        return starts[-1], (_numbered(path, starts[:-1]), records)

    # ignore_errors would try for ever to open a file that is not there.
    with tf.control_dependencies([first_byte(tf.constant(0, tf.int64))]):
        path = tf.identity(path)
    chunks = tf.data.TFRecordDataset(path, compression_type).ignore_errors().batch(RECORDS_AT_ONCE)
    the_end = tf.data.Dataset.from_tensors(tf.zeros([0], tf.string))
    return chunks.concatenate(the_end).scan(tf.constant(0, tf.int64), with_keys)


def _text_lines(path: Any, skip_header_lines: int) -> Any:
    """The lines of a text, under `file:line` counted from 1."""
    lines = tf.strings.split(tf.io.read_file(path), "\n")
    lines = lines[: tf.size(lines) - tf.cast(tf.equal(lines[-1], ""), tf.int32)]
    # TextLineDataset would drop carriage returns inside of a line as well.
    last = tf.strings.substr(tf.strings.join(["\n", lines]), -1, 1)
    returns = tf.cast(tf.equal(last, "\r"), tf.int32)
    lines = tf.strings.substr(lines, tf.zeros_like(returns), tf.strings.length(lines) - returns)
    keys = _numbered(path, tf.range(1, tf.size(lines) + 1))
    return (
        tf.data.Dataset.from_tensor_slices((keys, lines))
        .skip(skip_header_lines)
        .batch(RECORDS_AT_ONCE)
    )


def _fixed_length_records(
    path: Any,
    record_bytes: int,
    header_bytes: int,
    footer_bytes: int,
    hop_bytes: int,
    encoding: bytes,
) -> Any:
    """Records of one length, `hop_bytes` apart, under `file:number` counted from 0.

    A rest that is no whole record is dropped; FixedLengthRecordDataset takes it for an error.
    """
    contents = tf.io.read_file(path)
    if encoding:
        contents = tf.io.decode_compressed(contents, encoding.decode())
    hop = hop_bytes or record_bytes
    size = tf.strings.length(contents) - header_bytes - footer_bytes
    count = tf.maximum((size - record_bytes) // hop + 1, 0)

    def record(number: Any) -> Any:
        place = header_bytes + tf.cast(number, tf.int32) * hop
        return _numbered(path, number), tf.strings.substr(contents, place, record_bytes)

    return tf.data.Dataset.range(tf.cast(count, tf.int64)).map(record).batch(RECORDS_AT_ONCE)


def _whole_file(path: Any) -> Any:
    return tf.data.Dataset.from_tensors(([path], [tf.io.read_file(path)]))


def _file_name(path: Any) -> Any:
    return tf.data.Dataset.from_tensors(([path], [path]))


def _numbered(path: Any, numbers: Any) -> Any:
    return tf.strings.join([path, ":", tf.strings.as_string(numbers)])


# By the type of the reader's operation: what reads the file, and which of its attributes it takes.
_READERS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "TFRecordReader": (_tf_records, ("compression_type",)),
    "TextLineReader": (_text_lines, ("skip_header_lines",)),
    "FixedLengthRecordReader": (
        _fixed_length_records,
        ("record_bytes", "header_bytes", "footer_bytes", "hop_bytes", "encoding"),
    ),
    "WholeFileReader": (_whole_file, ()),
    "IdentityReader": (_file_name, ()),
}
