"""Examples per second of slim's queues and of the written module's pipeline, side by side.

    python -m benchmarks.input_pipeline [--examples N] [--size PIXELS] [--readers N] [--threads N]

All read, decode, cast and batch the same JPEG pictures in one process, in turns; a ratio is the
median of the turns' ratios. The old side is tf_slim in a TF 1 graph on this TensorFlow. On a
machine that does something else as well, the ratio of the processor's time says more than that of
the clock.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from slimport.written.assemble import assemble, public_names

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "written"))

FILES = 4
BATCH = 32


@dataclasses.dataclass
class Rate:
    """Examples per second, by the clock and of the processor's time."""

    clock: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=4096)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2, help="of tf.train.batch")
    parser.add_argument("--turns", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    """Measures and prints."""
    from old_side import slim

    new = written_module(folder)
    write_pictures(folder, options)
    sides: dict[str, Callable[[], Rate]] = {
        "slim's queues": lambda: in_session(slim, folder, options),
        "get() and tf.train.batch": lambda: in_session(new, folder, options),
        "examples, map, batch": lambda: in_dataset(new, folder, options),
    }
    rates: dict[str, list[Rate]] = {name: [] for name in sides}
    for _ in range(options.turns):
        for name, measure in sides.items():
            rates[name].append(measure())
    old = rates["slim's queues"]
    print(f"{'':26}{'examples per second':^23}{'ratio':^24}{'of processor time':^24}")
    for name, measured in rates.items():
        clocks = [rate.clock for rate in measured]
        pairs = list(zip(measured, old, strict=True))
        print(
            f"{name:26}{spread(clocks, '.0f'):^23}"
            f"{spread([rate.clock / base.clock for rate, base in pairs], '.2f'):^24}"
            f"{spread([rate.processor / base.processor for rate, base in pairs], '.2f'):^24}"
        )


def spread(values: list[float], form: str) -> str:
    """The median, and the least and greatest."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}-{high:{form}})"


def written_module(folder: Path) -> ModuleType:
    path = folder / "scoped_layers.py"
    path.write_text(assemble(public_names()), "utf-8")
    spec = importlib.util.spec_from_file_location("scoped_layers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scoped_layers"] = module
    spec.loader.exec_module(module)
    return module


def write_pictures(folder: Path, options: argparse.Namespace) -> None:
    import tensorflow as tf
    from input_pipelines import example, write_records

    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (options.examples, 8, 8, 3)).astype("float32")
    records = []
    for number, picture in enumerate(small):  # smooth, as photographs are
        pixels = tf.cast(tf.image.resize(picture, [options.size] * 2), tf.uint8)
        features = {"image/encoded": tf.io.encode_jpeg(pixels).numpy(), "image/format": b"jpeg"}
        records.append(example(**features, label=number))
    for file in range(FILES):
        write_records(folder / f"pictures-{file}", records[file::FILES])


def provider_of(side: Any, folder: Path, options: argparse.Namespace) -> Any:
    import tensorflow as tf
    from test_data_provider import decoders_of, pipelines_of

    d, p = decoders_of(side), pipelines_of(side)
    string = tf.io.FixedLenFeature((), tf.string)
    features = {"image/encoded": string, "image/format": string}
    features["label"] = tf.io.FixedLenFeature([], tf.int64)
    shape = [options.size, options.size, 3]
    decoder = d.TFExampleDecoder(
        features, {"image": d.Image(shape=shape), "label": d.Tensor("label")}
    )
    files = str(folder / "pictures-*")
    dataset = p.Dataset(files, tf.compat.v1.TFRecordReader, decoder, options.examples, {})
    return p.DatasetDataProvider(dataset, num_readers=options.readers)


def prepare(image: Any, label: Any) -> tuple[Any, Any]:
    """What stands between reading and batching."""
    import tensorflow as tf

    return tf.cast(image, tf.float32), label


def in_session(side: Any, folder: Path, options: argparse.Namespace) -> Rate:
    """Examples per second of a session that runs nothing but batches."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        tensors = prepare(*provider_of(side, folder, options).get(["image", "label"]))
        batch = v1.train.batch(tensors, BATCH, num_threads=options.threads, capacity=4 * BATCH)
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        coordinator = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        fetch = session.make_callable([tensor.op for tensor in batch])
        rate = rate_of(fetch, options)
        coordinator.request_stop()
        session.run(tf.no_op())
    coordinator.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
    return rate


def in_dataset(side: Any, folder: Path, options: argparse.Namespace) -> Rate:
    """Examples per second of a loop over the pipeline that `slimport rewrite` writes (SLIM291)."""
    import tensorflow as tf

    batches = provider_of(side, folder, options).examples.map(
        lambda example: prepare(example["image"], example["label"]),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    batches = iter(batches.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE))
    return rate_of(lambda: next(batches), options)


def rate_of(fetch: Callable[[], Any], options: argparse.Namespace) -> Rate:
    """Examples per second of two passes, after one for caches and tf.data's tuning to settle."""
    steps = options.examples // BATCH
    for _ in range(steps):
        fetch()
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(2 * steps):
        fetch()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    examples = 2 * steps * BATCH
    return Rate(examples / clock, examples / processor)


if __name__ == "__main__":
    main()
