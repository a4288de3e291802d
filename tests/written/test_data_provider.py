"""Data providers, readers and queues: the stream of examples is slim's."""

from __future__ import annotations

import contextlib
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from input_pipelines import decoders_of, example, write_records
from old_side import v1

tf = pytest.importorskip("tensorflow")

PER_FILE = (5, 1, 4)
TOTAL = sum(PER_FILE)
ITEMS = ["picture", "number", "record_key"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of numbered examples."""
    path = tmp_path_factory.mktemp("records")
    number = 0
    for file, count in enumerate(PER_FILE):
        records = []
        for _ in range(count):
            picture = np.full([2, 3, 3], number, np.uint8)
            encoded = tf.io.encode_png(picture).numpy()
            records.append(example(encoded=encoded, format=b"png", number=number))
            number += 1
        write_records(path / f"part-{file}.rec", records)
    return path


def pipelines_of(side: Any) -> Any:
    """The functions of one side under the same names."""
    if not hasattr(side, "dataset_data_provider"):
        return SimpleNamespace(**{**vars(side), "Dataset": side.ExampleDataset})
    modules = (side.dataset, side.data_provider, side.dataset_data_provider)
    modules = (*modules, side.parallel_reader, side.prefetch_queue, side.queues)
    return SimpleNamespace(**{k: v for module in modules for k, v in vars(module).items()})


def dataset_of(side: Any, files: Any, **kwargs: Any) -> Any:
    d = decoders_of(side)
    decoder = d.TFExampleDecoder(
        {
            "encoded": tf.io.FixedLenFeature((), tf.string),
            "format": tf.io.FixedLenFeature((), tf.string, default_value="png"),
            "number": tf.io.FixedLenFeature([], tf.int64),
        },
        {"picture": d.Image("encoded", "format", shape=[2, 3, 3]), "number": d.Tensor("number")},
    )
    return pipelines_of(side).Dataset(
        files, v1.TFRecordReader, decoder, TOTAL, {"number": "Its place."}, **kwargs
    )


def files_of(folder: Path) -> list[str]:
    return [str(folder / f"part-{file}.rec") for file in range(len(PER_FILE))]


@contextlib.contextmanager
def running() -> Iterator[Any]:
    """A session on the default graph with its queues filled."""
    with v1.Session() as session:
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        session.run(v1.tables_initializer())
        coordinator = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        yield session
        coordinator.request_stop()
        with contextlib.suppress(tf.errors.CancelledError):
            coordinator.join(threads, stop_grace_period_secs=10, ignore_live_threads=True)


def stream(tensors: Any, most: int = 1000) -> list[Any]:
    """What a session gets of tensors until they end."""
    found = []
    with running() as session, contextlib.suppress(tf.errors.OutOfRangeError):
        while len(found) < most:
            found.append(session.run(tensors))
    return found


def all_of(tensors: Any) -> None:
    """Runs tensors to their end; raises what stopped the queue runners."""
    with v1.Session() as session:
        session.run(v1.local_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = v1.train.start_queue_runners(session, coordinator)
        with coordinator.stop_on_exception():
            while not coordinator.should_stop():
                session.run(tensors)
        coordinator.join(threads)


def provided(side: Any, files: Any, batch: int | None = None, **kwargs: Any) -> list[Any]:
    with tf.Graph().as_default():
        provider = pipelines_of(side).DatasetDataProvider(dataset_of(side, files), **kwargs)
        tensors = provider.get(ITEMS)
        tensors[2].set_shape([])  # which slim does not know
        if batch:
            tensors = v1.train.batch(tensors, batch, allow_smaller_final_batch=True)
        return stream(tensors)


@pytest.mark.parametrize("batch", [None, 4])
def test_in_order_over_two_epochs(batch: int | None, folder: Path, old: Any, new: Any) -> None:
    files = files_of(folder)[::-1]
    expected = provided(old, files, batch, shuffle=False, num_epochs=2)
    found = provided(new, files, batch, shuffle=False, num_epochs=2)
    assert sum(np.size(step[1]) for step in found) == 2 * TOTAL
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for tensor, known in zip(one, other, strict=True):
            assert np.asarray(tensor).dtype == np.asarray(known).dtype
            np.testing.assert_array_equal(tensor, known)


def test_the_dataset_is_the_same_stream(folder: Path, old: Any, new: Any) -> None:
    expected = provided(old, files_of(folder), shuffle=False, num_epochs=2)
    provider = new.DatasetDataProvider(
        dataset_of(new, files_of(folder)), shuffle=False, num_epochs=2
    )
    found = list(provider.examples.as_numpy_iterator())
    assert len(found) == len(expected)
    for one, (picture, number, key) in zip(found, expected, strict=True):
        assert list(one) == ITEMS
        assert (one["number"], one["record_key"]) == (number, key)
        np.testing.assert_array_equal(one["picture"], picture)


def prepared(example: Any) -> tuple[Any, Any]:
    """As `slimport rewrite` writes it, with what AutoGraph has to convert."""
    picture, number = tf.cast(example["picture"], tf.float32), example["number"]
    if number % 2 == 0:
        picture = -picture
    return picture, number


def test_what_maps_examples_decodes_them_too(folder: Path, new: Any) -> None:
    """One after the other would hand each example from thread to thread twice."""
    expected = [(-n if n % 2 == 0 else n, n) for n in [*range(TOTAL)] * 2]
    for calls in (tf.data.AUTOTUNE, 2, None):
        for shuffle in (False, True):
            provider = new.DatasetDataProvider(
                dataset_of(new, files_of(folder)), num_readers=1, shuffle=shuffle, num_epochs=2
            )
            mapped = provider.examples.map(prepared, num_parallel_calls=calls)
            assert [spec.shape.as_list() for spec in mapped.element_spec] == [[2, 3, 3], []]
            found = [(int(p[0, 0, 0]), int(n)) for p, n in mapped]
            assert (sorted(found), found == expected) == (sorted(expected), not shuffle)


@pytest.mark.parametrize("seed", [None, 3])
def test_maps_are_one_and_in_order_where_there_is_one(
    seed: int | None, folder: Path, new: Any
) -> None:
    def maps(shuffle: bool, **options: Any) -> list[tuple[str, str]]:
        with tf.Graph().as_default() as graph:
            source = dataset_of(new, files_of(folder))
            provider = new.DatasetDataProvider(source, shuffle=shuffle, seed=seed)
            provider.examples.map(prepared, tf.data.AUTOTUNE, **options)
            *_, last = [op for op in graph.get_operations() if "ParallelMap" in op.type]
            return last.get_attr("deterministic").decode(), last.inputs[0].op.type

    assert maps(shuffle=False) == ("default", "RepeatDataset")
    assert maps(shuffle=True) == ("false" if seed is None else "default", "RepeatDataset")
    assert maps(shuffle=True, deterministic=True) == ("true", "RepeatDataset")


@pytest.mark.parametrize("num_readers", [1, 2, 5])
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_epoch_has_every_example_once(
    num_readers: int, shuffle: bool, folder: Path, old: Any, new: Any
) -> None:
    options = {"shuffle": shuffle, "num_readers": num_readers, "common_queue_capacity": 64}
    options.update(common_queue_min=2)
    everything = Counter(range(TOTAL))
    once = provided(old, str(folder / "part-*"), num_epochs=1, **options)
    assert Counter(int(step[1]) for step in once) == everything
    numbers = [int(step[1]) for step in provided(new, files_of(folder), num_epochs=3, **options)]
    epochs = [numbers[TOTAL * epoch : TOTAL * (epoch + 1)] for epoch in range(3)]
    assert [Counter(epoch) for epoch in epochs] == [everything] * 3
    if shuffle:
        assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_small_queue_and_its_summary(folder: Path, old: Any, new: Any) -> None:
    found = []
    for side in (old, new):
        with tf.Graph().as_default() as graph:
            provider = pipelines_of(side).DatasetDataProvider(
                dataset_of(side, files_of(folder)),
                common_queue_capacity=3,
                common_queue_min=1,
                num_epochs=2,
                scope="reading",
            )
            tensors = provider.get(["number"])
            *_, summary = v1.get_collection(v1.GraphKeys.SUMMARIES)  # before it: that of file names
            tag = graph.get_operation_by_name(f"{summary.op.name}/tags").get_attr("value")
            numbers = Counter(int(step[0]) for step in stream(tensors))
            found.append((summary.op.name, tag.string_val, numbers))
    assert found[1] == found[0]
    assert found[0][0] == "reading/fraction_of_3_full"


def test_files_are_shuffled_in_each_epoch(folder: Path, new: Any) -> None:
    dataset = new.record_dataset(
        files_of(folder), v1.TFRecordReader, num_epochs=12, capacity=1, seed=5
    )
    keys = [key.decode() for key, _ in dataset.as_numpy_iterator()]
    first = [key.rpartition(":")[0] for key in keys if key.endswith(":0")]
    orders = [tuple(first[place : place + 3]) for place in range(0, len(first), 3)]
    assert {tuple(sorted(order)) for order in orders} == {tuple(files_of(folder))}
    assert len(set(orders)) > 2


def test_a_seed_fixes_the_order(folder: Path, new: Any) -> None:
    def order(**kwargs: Any) -> list[int]:
        source = dataset_of(new, files_of(folder))
        provider = new.DatasetDataProvider(source, num_readers=2, num_epochs=2, **kwargs)
        return [int(number) for number in provider.examples.map(lambda e: e["number"])]

    assert order(seed=1) == order(seed=1) != order(seed=2)
    with tf.Graph().as_default():
        v1.set_random_seed(3)
        provider = new.DatasetDataProvider(dataset_of(new, files_of(folder)), num_epochs=1)
        first = stream(provider.get(["number"]))
    with tf.Graph().as_default():
        v1.set_random_seed(3)
        provider = new.DatasetDataProvider(dataset_of(new, files_of(folder)), num_epochs=1)
        assert stream(provider.get(["number"])) == first


def test_items_asked_for_one_by_one_are_of_one_example(folder: Path, old: Any, new: Any) -> None:
    for side in (old, new):
        with tf.Graph().as_default():
            source = dataset_of(side, files_of(folder))
            provider = pipelines_of(side).DatasetDataProvider(source, num_epochs=1)
            (picture,) = provider.get(["picture"])
            (number,) = provider.get(("number",))
            steps = stream([picture, number])
        assert len(steps) == TOTAL
        assert all((picture == number).all() for picture, number in steps)


def test_what_nobody_asks_for_is_not_decoded(tmp_path: Path, old: Any, new: Any) -> None:
    file = write_records(tmp_path / "a.rec", [example(encoded=b"no picture", number=3)])
    for side in (old, new):
        with tf.Graph().as_default():
            provider = pipelines_of(side).DatasetDataProvider(dataset_of(side, file), num_epochs=1)
            assert stream(provider.get(["number"])) == [[3]]


def test_a_table_needs_what_slims_programs_run(tmp_path: Path, old: Any, new: Any) -> None:
    file = write_records(tmp_path / "a.rec", [example(a=[b"dog", b"cow"]), example(a=[b"cat"])])
    found = []
    for side in (old, new):
        d, p = decoders_of(side), pipelines_of(side)
        with tf.Graph().as_default():
            names = tf.lookup.KeyValueTensorInitializer(["cat", "dog"], tf.constant([4, 5]))
            handler = d.LookupTensor("a", tf.lookup.StaticHashTable(names, -1))
            decoder = d.TFExampleDecoder({"a": tf.io.VarLenFeature(tf.string)}, {"a": handler})
            source = p.Dataset([file], v1.TFRecordReader, decoder, 2, {})
            provider = p.DatasetDataProvider(source, shuffle=False, num_epochs=1)
            found.append([step[0].tolist() for step in stream(provider.get(["a"]))])
    assert found == [[[5, -1], [4]]] * 2


def test_what_a_provider_says(folder: Path, old: Any, new: Any) -> None:
    for side in (old, new):
        p = pipelines_of(side)
        source = dataset_of(side, str(folder / "part-*"), num_classes=7)
        assert (source.num_classes, source.num_samples) == (7, TOTAL)
        assert source.items_to_descriptions == {"number": "Its place."}
        with tf.Graph().as_default():
            provider = p.DatasetDataProvider(source, record_key="where")
            assert isinstance(provider, p.DataProvider)
            assert list(provider.list_items()) == ["picture", "number", "where"]
            assert provider.num_samples() == TOTAL
            picture, number, where = provider.get(["picture", "number", "where"])
            assert picture.shape.as_list() == [2, 3, 3] and picture.dtype == tf.uint8
            assert (number.shape.rank, where.dtype) == (0, tf.string)
            for wrong in (["pictures"], "picture"):
                with pytest.raises(ValueError):
                    provider.get(wrong)
            with pytest.raises(ValueError):
                p.DatasetDataProvider(source, record_key="number")
            with pytest.raises(ValueError):
                p.DatasetDataProvider(source, num_epochs=0)
            own = p.DataProvider({"a": number}, 3)
            assert (own.get(["a"]), list(own.list_items()), own.num_samples()) == (
                [number],
                ["a"],
                3,
            )


def test_the_queue_is_made_for_who_gets_from_it(folder: Path, new: Any) -> None:
    """One that nobody empties would be filled all the same, and its files read."""

    def queues(graph: Any) -> list[str]:
        return [op.name for op in graph.get_operations() if "Queue" in op.type]

    with tf.Graph().as_default() as graph:
        provider = new.DatasetDataProvider(
            dataset_of(new, files_of(folder)), shuffle=False, num_epochs=1, scope="reading"
        )
        batches = provider.examples.map(lambda example: example["number"]).batch(4)
        batch = new.next_batch(batches)
        assert queues(graph) == [] and not v1.get_collection(v1.GraphKeys.QUEUE_RUNNERS)
        assert list(provider.list_items()) == ITEMS
        assert [number for step in stream(batch) for number in step] == list(range(TOTAL))
    with tf.Graph().as_default() as graph:
        provider = new.DatasetDataProvider(
            dataset_of(new, files_of(folder)), shuffle=False, num_epochs=1, scope="reading"
        )
        with v1.name_scope("elsewhere"):
            minus = tf.constant(-1, tf.int64)
            read = tf.cond(tf.constant(True), lambda: provider.get(["number"])[0], lambda: minus)
        assert len(v1.get_collection(v1.GraphKeys.QUEUE_RUNNERS)) == 1
        assert {name.partition("/")[0] for name in queues(graph)} == {"reading"}
        (number,) = provider.get(["number"])
        assert number.graph is graph
        assert len(v1.get_collection(v1.GraphKeys.QUEUE_RUNNERS)) == 1
        assert stream([number, read]) == [[n, n] for n in range(TOTAL)]


def test_get_is_for_graphs(folder: Path, new: Any) -> None:
    provider = new.DatasetDataProvider(dataset_of(new, files_of(folder)))
    assert list(provider.list_items()) == ITEMS
    with pytest.raises(ValueError, match="Valid entries"):
        provider.get(["pictures"])
    with pytest.raises(RuntimeError, match="examples"):
        provider.get(["picture"])
    with pytest.raises(RuntimeError, match="prefetch"):
        new.prefetch_queue([tf.zeros([2])])
    with pytest.raises(RuntimeError, match="record_dataset"):
        new.parallel_read(files_of(folder), v1.TFRecordReader)


TEXT = b"first\r\nsecond\n\nin\rside\r\r\n\xff\xfe"
FIXED = b"HEAaaabbbcccddFO"
READERS = {
    "lines": (v1.TextLineReader, {}, TEXT),
    "lines after a header": (v1.TextLineReader, {"skip_header_lines": 2}, TEXT),
    "a last line end": (v1.TextLineReader, {}, b"one\ntwo\n\n"),
    "an empty text": (v1.TextLineReader, {}, b""),
    "fixed": (v1.FixedLengthRecordReader, {"record_bytes": 4}, FIXED),
    "fixed, with a rest": (
        v1.FixedLengthRecordReader,
        {"record_bytes": 3, "header_bytes": 3, "footer_bytes": 2},
        FIXED,
    ),
    "overlapping": (v1.FixedLengthRecordReader, {"record_bytes": 5, "hop_bytes": 2}, FIXED),
    "gaps": (v1.FixedLengthRecordReader, {"record_bytes": 2, "hop_bytes": 5}, FIXED),
    "fixed, too short": (v1.FixedLengthRecordReader, {"record_bytes": 99}, FIXED),
    "fixed, compressed": (
        v1.FixedLengthRecordReader,
        {"record_bytes": 3, "header_bytes": 3, "encoding": "GZIP"},
        gzip.compress(FIXED),
    ),
    "whole": (v1.WholeFileReader, {}, TEXT),
    "names": (v1.IdentityReader, {}, b""),
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader(name: str, tmp_path: Path, old: Any, new: Any) -> None:
    reader, kwargs, contents = READERS[name]
    files = [str(tmp_path / "a"), str(tmp_path / "b")]
    for file in files:
        Path(file).write_bytes(contents)
    found = []
    for side in (old, new):
        with tf.Graph().as_default():
            read = pipelines_of(side).single_pass_read
            found.append([tuple(s) for s in stream(read(files, reader, kwargs))])
        with tf.Graph().as_default():
            parallel = pipelines_of(side).parallel_read
            tensors = parallel(
                files, reader, num_epochs=2, num_readers=1, reader_kwargs=kwargs, shuffle=False
            )
            found[-1] += [tuple(s) for s in stream(tensors)]
    assert found[1] == found[0]
    assert found[0] or "empty" in name or "short" in name


def test_compressed_records_by_a_function(tmp_path: Path, old: Any, new: Any) -> None:
    sizes = [0, 1, 100, 5000, 64, *range(130)]
    file = write_records(tmp_path / "a.gz", [b"x" * size for size in sizes], "GZIP")

    def reader() -> Any:
        return v1.TFRecordReader(options=tf.io.TFRecordOptions(compression_type="GZIP"))

    found = []
    for side in (old, new):
        with tf.Graph().as_default():
            found.append(
                [tuple(s) for s in stream(pipelines_of(side).single_pass_read(file, reader))]
            )
    assert found[1] == found[0]
    assert len(found[0]) == len(sizes)


def test_readers_that_tf_data_does_not_have(tmp_path: Path, new: Any) -> None:
    file = write_records(tmp_path / "a.rec", [b"a"])

    class Own(v1.TextLineReader):  # type: ignore[misc]
        def read(self, queue: Any, name: Any = None) -> Any:
            return super().read(queue, name)

    with pytest.raises(NotImplementedError, match="LMDBReader"):
        new.record_dataset(file, v1.LMDBReader)
    for wrong in (Own, dict):
        with pytest.raises(TypeError, match="no reader class"):
            new.record_dataset(file, wrong)
    with tf.Graph().as_default(), pytest.raises(TypeError, match="string"):
        new.parallel_read(file, v1.TFRecordReader, dtypes=[tf.string, tf.int64])


def test_patterns(folder: Path, old: Any, new: Any) -> None:
    patterns = [str(folder / "part-[02].rec"), str(folder / "part-?.rec"), str(folder / "no")]
    for sources in (patterns, patterns[0], tuple(patterns[1:]), patterns[2]):
        expected = pipelines_of(old).get_data_files(sources)
        assert new.get_data_files(sources) == expected and expected
    assert new.get_data_files(folder / "no") == [str(folder / "no")]
    for nothing in (str(folder / "*.txt"), [], [patterns[0], str(folder / "x*")]):
        with pytest.raises(ValueError, match="No data files found in"):
            new.get_data_files(nothing)
    source = dataset_of(new, str(folder / "x-*.rec"))
    with pytest.raises(ValueError, match=r"x-\*\.rec"):
        new.DatasetDataProvider(source)


def test_errors_name_the_file(tmp_path: Path, new: Any) -> None:
    good = Path(write_records(tmp_path / "good.rec", [b"one", b"two"])).read_bytes()
    damaged = bytearray(good)
    damaged[19 + 13] ^= 1
    for name, contents in (("damaged", bytes(damaged)), ("cut", good[:-1]), ("text", b"no record")):
        file = tmp_path / name
        file.write_bytes(contents)
        files = [str(tmp_path / "good.rec"), str(file)]
        for read in (new.parallel_read, new.single_pass_read):
            error = (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError)
            with tf.Graph().as_default(), pytest.raises(error, match=f"corrupt.*{file}"):
                all_of(read(files, v1.TFRecordReader))
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"corrupt.*{file}"):
            list(new.record_dataset(files, v1.TFRecordReader, 1))
    missing = str(tmp_path / "missing.rec")
    with pytest.raises(tf.errors.NotFoundError, match=missing):
        list(new.record_dataset(missing, v1.TFRecordReader, 1))


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.parametrize("dynamic_pad", [True, False])
def test_prefetch_queues(
    as_dict: bool, dynamic_pad: bool, folder: Path, old: Any, new: Any
) -> None:
    found = []
    for side in (old, new):
        p = pipelines_of(side)
        with tf.Graph().as_default() as graph:
            source = dataset_of(side, files_of(folder))
            provider = p.DatasetDataProvider(source, shuffle=False, num_epochs=2)
            batch = v1.train.batch(provider.get(["number", "picture"]), 3)
            tensors = {"z": batch[0], "a": batch[1]} if as_dict else batch
            queue = p.prefetch_queue(tensors, capacity=4, dynamic_pad=dynamic_pad, name="ahead")
            assert type(queue) is (tf.queue.PaddingFIFOQueue if dynamic_pad else tf.queue.FIFOQueue)
            assert queue.names == (["a", "z"] if as_dict else None)
            names = [op.name for op in graph.get_operations() if op.name.startswith("ahead/")]
            tags = [t.op.name for t in v1.get_collection(v1.GraphKeys.SUMMARIES)]
            lists = [tf.nest.map_structure(np.ndarray.tolist, s) for s in stream(queue.dequeue())]
            found.append((lists, [name for name in tags if "of_4_full" in name], sorted(names)))
    assert found[1][:2] == found[0][:2]
    assert len(found[0][0]) == 2 * TOTAL // 3


def test_a_queue_of_ones_own(folder: Path, old: Any, new: Any) -> None:
    found = []
    for side in (old, new):
        with tf.Graph().as_default():
            names = v1.train.string_input_producer(files_of(folder), num_epochs=1)
            queue = tf.queue.FIFOQueue(64, [tf.string, tf.string], [[], []])
            reader = pipelines_of(side).ParallelReader(v1.TFRecordReader, queue, num_readers=2)
            assert isinstance(reader, v1.ReaderBase)
            assert (reader.num_readers, reader.common_queue) == (2, queue)
            keys, _ = reader.read_up_to(names, 4)
            counts = [reader.num_records_produced(), reader.num_work_units_completed()]
            with running() as session:
                read: list[Any] = []
                with contextlib.suppress(tf.errors.OutOfRangeError):
                    while True:
                        read += session.run(keys).tolist()
                found.append((sorted(read), session.run(counts)))
            with pytest.raises(TypeError):
                queue = tf.queue.FIFOQueue(64, [tf.string, tf.int64])
                pipelines_of(side).ParallelReader(v1.TFRecordReader, queue)
    assert found[1] == found[0]
    assert found[0][1] == [TOTAL, len(PER_FILE)]


def test_queue_runners_in_a_context(folder: Path, old: Any, new: Any) -> None:
    for side in (old, new):
        p = pipelines_of(side)
        with tf.Graph().as_default(), v1.Session() as session:
            source = dataset_of(side, files_of(folder))
            provider = p.DatasetDataProvider(source, shuffle=False)
            batch = v1.train.batch(provider.get(["number"]), 4)
            with p.QueueRunners(session):
                assert session.run(batch).tolist() == [0, 1, 2, 3]
                with pytest.raises(p.NestedQueueRunnerError), p.QueueRunners(session):
                    raise AssertionError
                assert session.run(batch).tolist() == [4, 5, 6, 7]
        with tf.Graph().as_default(), v1.Session() as session, p.QueueRunners(session):
            pass  # the first one is closed
