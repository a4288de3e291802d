"""Restoring by hand and by sessions: what does not fit is refused, and nothing is half restored."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_side import v1

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


@pytest.fixture(autouse=True, scope="module")
def as_disable_v2_behavior() -> Iterator[None]:
    """TensorFlow's own variables are TF 1's, whose assignment checks shapes; Keras' are not."""
    v1.disable_resource_variables()
    yield
    v1.enable_resource_variables()


def net(s: Any, x: Any, classes: int = 3) -> Any:
    with s.variable_scope("net"):
        x = s.conv2d(x, 4, 3, scope="conv")
    return s.fully_connected(tf.reduce_mean(x, [1, 2]), classes, None, scope="logits")


def keras_net(s: Any, x: Any, classes: int = 3) -> Any:
    with s.variable_scope("net"):
        x = s.conv2d(x, 4, 3, scope="conv")
    return s.fully_connected(keras.ops.mean(x, [1, 2]), classes, None, scope="logits")


def graph(s: Any, classes: int = 3) -> Any:
    v1.train.get_or_create_global_step()
    return net(s, v1.placeholder("float32", [None, 6, 6, 2]), classes)


@pytest.fixture(scope="module")
def saved(new: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A checkpoint of the net with three classes, and what it holds."""
    folder = tmp_path_factory.mktemp("checkpoint")
    rng = np.random.default_rng(0)
    with tf.Graph().as_default(), v1.Session() as session:
        graph(new)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        for variable in v1.trainable_variables():
            variable.load(rng.normal(size=variable.shape), session)
        return v1.train.Saver().save(session, str(folder / "model")), session.run(variables)


# Sessions ----------------------------------------------------------------------------------------


def custom_names(new: Any) -> Any:
    found = {v.op.name: v for v in v1.global_variables()}
    return new.Saver({"logits/biases": found["logits/biases"]})


SAVERS: dict[str, Callable[[Any], Any]] = {
    "of all": lambda new: new.Saver(),
    "of a list": lambda new: new.Saver(v1.trainable_variables()),
    "of another name": custom_names,
    "sharded": lambda new: new.Saver(sharded=True),
    "one by one": lambda new: new.Saver(restore_sequentially=True),
    "of a definition": lambda new: new.Saver(saver_def=v1.train.Saver().as_saver_def()),
    "from_proto": lambda new: new.Saver.from_proto(v1.train.Saver().to_proto()),
    "a subclass": lambda new: type("Mine", (new.Saver,), {})(),
    "built later": lambda new: (saver := new.Saver(defer_build=True), saver.build())[0],
}


@pytest.mark.parametrize("kind", SAVERS)
def test_a_saver_refuses_another_number_of_classes(kind: str, saved: Any, new: Any) -> None:
    for classes in (3, 5):
        with tf.Graph().as_default(), v1.Session() as session:
            graph(new, classes)
            saver = SAVERS[kind](new)
            assert isinstance(saver, v1.train.Saver)
            session.run(v1.global_variables_initializer())
            variables = {v.op.name: v for v in v1.global_variables()}
            before = session.run(variables)
            if classes == 3:
                saver.restore(session, saved[0])
                assert np.array_equal(
                    session.run(variables["logits/biases"]), saved[1]["logits/biases"]
                )
                continue
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"logits/biases.*\[5\].*\[3"):
                saver.restore(session, saved[0])
            after = session.run(variables)
            assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_saver_is_otherwise_tensorflow_s(saved: Any, new: Any, tmp_path: Path) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        graph(new)
        head = [v for v in v1.global_variables() if v.op.name.startswith("logits")]
        renamed = new.Saver({f"other/{v.op.name}": v for v in head})
        reshaped = new.Saver({"logits/biases": v1.get_variable("flat", [3, 1])}, reshape=True)
        mine, theirs = new.Saver(max_to_keep=2), v1.train.Saver(max_to_keep=2)
        session.run(v1.global_variables_initializer())
        with pytest.raises(tf.errors.NotFoundError):
            renamed.restore(session, saved[0])
        for wrong in (None, str(tmp_path / "none")):
            with pytest.raises(ValueError, match=r"None|valid checkpoint"):
                mine.restore(session, wrong)
        reshaped.restore(session, saved[0])
        for step in range(3):
            mine.save(session, str(tmp_path / "m"), step)
            theirs.save(session, str(tmp_path / "m"), step)
        assert mine.last_checkpoints == theirs.last_checkpoints
        again = new.Saver()
        again.recover_last_checkpoints(mine.last_checkpoints)
        assert again.last_checkpoints == mine.last_checkpoints
        assert pickle.loads(pickle.dumps(new.Saver)) is new.Saver
    with tf.Graph().as_default(), v1.Session() as session:
        saver = new.import_meta_graph(str(tmp_path / "m-2.meta"), import_scope="inside")
        saver.restore(session, str(tmp_path / "m-2"))
    with tf.Graph().as_default(), v1.Session() as session:
        graph(new, 5)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "five"))
    with tf.Graph().as_default(), v1.Session() as session:
        saver = new.import_meta_graph(str(tmp_path / "five.meta"))
        with pytest.raises(tf.errors.InvalidArgumentError, match="logits"):
            saver.restore(session, saved[0])


def supervisor(new: Any, folder: str) -> Any:
    return new.Supervisor(logdir=folder).prepare_or_wait_for_session()


def supervisor_by_default(new: Any, folder: str) -> Any:
    made = new.Supervisor(logdir=folder, saver=new.Supervisor.USE_DEFAULT)
    return made.prepare_or_wait_for_session()


def supervisor_of_a_graph(new: Any, folder: str) -> Any:
    graph = v1.get_default_graph()
    with tf.Graph().as_default():
        return new.Supervisor(graph, logdir=folder).prepare_or_wait_for_session()


def creator(new: Any, folder: str) -> Any:
    return v1.train.MonitoredSession(new.ChiefSessionCreator(checkpoint_dir=folder))


def monitored(new: Any, folder: str) -> Any:
    return new.MonitoredTrainingSession(checkpoint_dir=folder, log_step_count_steps=None)


def of_a_scaffold(new: Any, folder: str) -> Any:
    return v1.train.MonitoredTrainingSession(
        checkpoint_dir=folder, scaffold=new.Scaffold(), log_step_count_steps=None
    )


def of_the_author_s_saver(new: Any, folder: str) -> Any:
    scaffold = v1.train.Scaffold(saver=new.Saver())
    return new.SingularMonitoredSession(None, scaffold, checkpoint_dir=folder)


def singular(new: Any, folder: str) -> Any:
    return new.SingularMonitoredSession(checkpoint_dir=folder)


SESSIONS = (
    supervisor, supervisor_by_default, supervisor_of_a_graph, creator, monitored, of_a_scaffold,
    singular, of_the_author_s_saver,
)  # fmt: skip


@pytest.mark.parametrize("session_of", SESSIONS, ids=lambda f: f.__name__)
def test_sessions_refuse_what_their_savers_do(session_of: Any, saved: Any, new: Any) -> None:
    folder = str(Path(saved[0]).parent)
    with tf.Graph().as_default():
        graph(new, 5)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"logits/biases.*\[5\].*\[3"):
            session_of(new, folder)


def test_a_checkpoint_beside_a_folder_of_its_name(new: Any, tmp_path: Path) -> None:
    """`tf.train.load_checkpoint` looks into the folder, a Saver does not."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.get_variable("x", initializer=1.0)
        session.run(x.initializer)
        path = new.Saver().save(session, str(tmp_path / "run"))
        (tmp_path / "run").mkdir()
        x.load(2.0, session)
        v1.train.Saver().save(session, str(tmp_path / "run" / "other"))
        new.Saver().restore(session, path)
        assert session.run(x) == 1
    variable = tf.Variable(3.0)
    new.restore_checkpoint({"x": variable}, path)
    assert variable.numpy() == 1


def test_objects_that_say_how_they_are_restored(new: Any, tmp_path: Path) -> None:
    from tensorflow.python.training.saving import saveable_object

    class Half(saveable_object.SaveableObject):  # type: ignore[misc]
        def __init__(self, x: Any) -> None:
            spec = saveable_object.SaveSpec(tf.cast(x, "float16"), "", "x")
            super().__init__(x, [spec], "x")

        def restore(self, tensors: Any, shapes: Any) -> Any:
            return self.op.assign(tf.cast(tensors[0], "float32"))

    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.get_variable("x", initializer=[1.0, 2.0], use_resource=True)
        saver = new.Saver({"x": Half(x)})
        session.run(x.initializer)
        path = saver.save(session, str(tmp_path / "half"))
        x.load([3.0, 4.0], session)
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(x), [1, 2])


def test_sessions_restore(saved: Any, new: Any, tmp_path: Path) -> None:
    for kind in (supervisor, monitored):
        with tf.Graph().as_default():
            graph(new)
            variable = next(v for v in v1.global_variables() if v.op.name == "logits/biases")
            folder = str(tmp_path / kind.__name__)
            Path(folder).mkdir()
            Path(folder, "checkpoint").write_text(f'model_checkpoint_path: "{saved[0]}"\n')
            with kind(new, folder) as session:
                biases = session.run(variable)
            assert np.array_equal(biases, saved[1]["logits/biases"])


# Models ------------------------------------------------------------------------------------------


def model_of(new: Any, classes: int = 3) -> Any:
    return new.functional_model(lambda x: keras_net(new, x, classes), keras.Input((6, 6, 2)))


def values(new: Any, model: Any) -> dict[str, Any]:
    return {name: v.numpy() for name, v in new.legacy_variables(model).items()}


def test_a_model_is_restored(saved: Any, new: Any) -> None:
    path, stored = saved
    model = model_of(new)
    found = new.restore_checkpoint(model, path)
    assert set(found) == set(stored) - {"global_step"}
    assert all(np.array_equal(v, stored[name]) for name, v in values(new, model).items())
    model = model_of(new)
    assert set(new.restore_checkpoint(model, str(Path(path).parent))) == set(found)
    biases = new.legacy_variables(model)["logits/biases"]
    biases.assign([7, 7, 7])
    assert new.restore_checkpoint({"logits/biases": biases}, path) == ["logits/biases"]
    assert np.array_equal(biases.numpy(), stored["logits/biases"])


HEAD = ["logits/weights", "logits/biases"]
BODY = ["net/conv/weights", "net/conv/biases"]
SCOPES = [
    (None, ["logits"], BODY),
    (["net"], None, BODY),
    (["net", "logits"], ["net/conv/b"], [BODY[0], *HEAD]),
    (["onv"], None, []),
    ([".*biases"], None, [BODY[1], HEAD[1]]),
    ([".*biases:0$"], None, [BODY[1], HEAD[1]]),
    ([], None, []),
    (None, [None], []),
    ([None], [], [*BODY, *HEAD]),
    (None, (".*/weights",), [BODY[1], HEAD[1]]),
]  # fmt: skip


@pytest.mark.parametrize(("include", "exclude", "expected"), SCOPES, ids=str)
def test_scopes_mean_what_slim_means(
    include: Any, exclude: Any, expected: list[str], saved: Any, new: Any, old: Any
) -> None:
    listed = []
    for s in (old, new):
        with tf.Graph().as_default():
            net(s, v1.placeholder("float32", [None, 6, 6, 2]))
            listed.append([v.op.name for v in s.get_variables_to_restore(include, exclude)])
    assert sorted(listed[0]) == sorted(listed[1]) == sorted(expected)
    model = model_of(new)
    if not expected:
        with pytest.raises(ValueError, match="No variable"):
            new.restore_checkpoint(model, saved[0], include, exclude)
        return
    before = values(new, model)
    assert sorted(new.restore_checkpoint(model, saved[0], include, exclude)) == sorted(expected)
    for name, value in values(new, model).items():
        source = saved[1] if name in expected else before
        assert np.array_equal(value, source[name])


@pytest.mark.parametrize("argument", ["include", "exclude"])
def test_a_string_is_no_list_of_scopes(argument: str, saved: Any, new: Any, old: Any) -> None:
    with pytest.raises(TypeError, match=argument):
        new.restore_checkpoint(model_of(new), saved[0], **{argument: "logits"})
    for s in (old, new):
        with tf.Graph().as_default(), pytest.raises(TypeError, match=argument):
            s.get_variables_to_restore(**{argument: "logits"})


def test_all_or_nothing(saved: Any, new: Any) -> None:
    model = model_of(new, 5)
    named = new.legacy_variables(model)
    extra = keras.Variable(np.zeros(2), name="extra")
    whole = keras.Variable(np.zeros(3), dtype="int32")
    before = values(new, model)
    refused = {
        tf.errors.InvalidArgumentError: (model, {**named, "logits/biases": whole}),
        tf.errors.NotFoundError: ({"extra": extra, **named},),
    }
    for error, kinds in refused.items():
        for kind in kinds:
            with pytest.raises(error, match=r"logits/weights|extra"):
                new.restore_checkpoint(kind, saved[0])
            assert all(np.array_equal(v, before[n]) for n, v in values(new, model).items())
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"float32.*int32"):
        new.restore_checkpoint({"logits/biases": whole}, saved[0], skip_mismatch=True)
    kept = {"extra": extra, **named}
    with pytest.raises(tf.errors.NotFoundError):
        new.restore_checkpoint(kept, saved[0], skip_mismatch=True)
    found = new.restore_checkpoint(kept, saved[0], skip_missing=True, skip_mismatch=True)
    assert sorted(found) == sorted(BODY)
    for name, value in values(new, model).items():
        assert np.array_equal(value, (saved[1] if name in BODY else before)[name])


def test_what_cannot_be_restored_is_an_error(saved: Any, new: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="built"):
        new.restore_checkpoint(new.TracedModel(lambda x: net(new, x)), saved[0])
    with pytest.raises(ValueError, match="None"):
        new.restore_checkpoint(model_of(new), None)
    with pytest.raises((ValueError, tf.errors.OpError)):
        new.restore_checkpoint(model_of(new), str(tmp_path / "none"))
    model = model_of(new)
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="TF 1 graph"):
        new.restore_checkpoint(model, saved[0])


# init_from_checkpoint ----------------------------------------------------------------------------

MAPS: list[tuple[Any, list[str] | None]] = [
    ({"net/": "net/"}, BODY),
    ({"/": "/"}, [*BODY, *HEAD]),
    ({"net/conv/": "net/conv/", "logits/biases": "logits/biases"}, [*BODY, HEAD[1]]),
    ([("logits/biases", "logits/biases")], [HEAD[1]]),
    ({"net/": "net/conv/"}, None),
    ({"net": "net/"}, None),
    ({"no/": "net/"}, None),
    ({"net/": "no/"}, []),
    ({"no": "logits/biases"}, None),
    ({"logits/biases": "no"}, None),
    ({"logits/weights": "logits/biases"}, None),
]


def initialized(s: Any, assignment: Any, path: str) -> Any:
    """The variables that a session starts from the checkpoint, or the class of the error."""
    with tf.Graph().as_default(), v1.Session() as session:
        net(s, v1.placeholder("float32", [None, 6, 6, 2]))
        init = getattr(s, "init_from_checkpoint", v1.train.init_from_checkpoint)
        try:
            init(path, assignment)
        except ValueError:
            return None
        session.run(v1.global_variables_initializer())
        return {v.op.name: session.run(v) for v in v1.global_variables()}


@pytest.mark.parametrize(("assignment", "expected"), MAPS, ids=str)
def test_maps_mean_what_tensorflow_means(
    assignment: Any, expected: Any, saved: Any, new: Any, old: Any
) -> None:
    path, stored = saved

    def same(found: Any) -> Any:
        return found and {n for n, v in found.items() if np.array_equal(v, stored[n])}

    def of_model(build: Callable[[], Any]) -> Any:
        try:
            return values(new, build())
        except ValueError:
            return None

    def function(x: Any, run: Any) -> Any:
        outputs = run(new, x)
        new.init_from_checkpoint(path, assignment)
        return outputs

    def traced() -> Any:
        model = new.TracedModel(lambda x: function(x, net))
        model(np.zeros((1, 6, 6, 2), "float32"))
        return model

    def functional() -> Any:
        return new.functional_model(lambda x: function(x, keras_net), keras.Input((6, 6, 2)))

    results = [initialized(s, assignment, path) for s in (old, new)]
    for found in (*results, of_model(traced), of_model(functional)):
        assert same(found) == (None if expected is None else set(expected))


def test_a_scope_of_another_shape_is_refused(saved: Any, new: Any) -> None:
    with tf.Graph().as_default():
        graph(new, 5)
        with pytest.raises(ValueError, match="logits"):
            new.init_from_checkpoint(saved[0], {"logits/": "logits/"})

    def function(x: Any) -> Any:
        outputs = keras_net(new, x, 5)
        new.init_from_checkpoint(saved[0], {"logits/": "logits/"})
        return outputs

    with pytest.raises(ValueError, match="logits"):
        new.functional_model(function, keras.Input((6, 6, 2)))


def test_variables_in_parts_stay_tensorflow_s(saved: Any, new: Any) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        parts = v1.get_variable("sliced", [4, 3], partitioner=v1.fixed_size_partitioner(2))
        graph(new)
        new.init_from_checkpoint(saved[0], {"logits/weights": "sliced", "net/": "net/"})
        new.init_from_checkpoint(saved[0], {"logits/weights": list(parts)})
        session.run(v1.global_variables_initializer())
        halves = np.concatenate(session.run(list(parts)))
        assert np.array_equal(halves, saved[1]["logits/weights"])


def test_once_and_not_in_later_traces(saved: Any, new: Any) -> None:
    def function(x: Any) -> Any:
        outputs = net(new, x)
        new.init_from_checkpoint(saved[0], {"net/": "net/", "logits/biases": "logits/biases"})
        return outputs

    model = new.TracedModel(function)
    model(np.zeros((1, 6, 6, 2), "float32"))
    for variable in new.legacy_variables(model).values():
        variable.assign(np.ones(variable.shape))
    model(np.zeros((2, 6, 6, 2), "float32"))
    model.predict(np.zeros((4, 6, 6, 2), "float32"), verbose=0)
    assert all((value == 1).all() for value in values(new, model).values())
    # Beside the function it assigns, though the network is built.
    with model._scoped_graph.active():
        new.init_from_checkpoint(saved[0], {"net/": "net/"})
    assert np.array_equal(values(new, model)[BODY[0]], saved[1][BODY[0]])
    inside = keras.Input((6, 6, 2))
    outer = keras.Model(inside, new.TracedModel(function)(inside))
    found = {tuple(v.shape): v.numpy() for v in outer.weights}
    assert np.array_equal(found[(3,)], saved[1]["logits/biases"])


def test_a_strategy_s_replicas_start_from_it(saved: Any, new: Any) -> None:
    """`fit` builds the model in a stateless scope there, which forgets assignments."""

    def function(x: Any) -> Any:
        outputs = net(new, x)
        new.init_from_checkpoint(saved[0], {"/": "/"})
        return outputs

    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        model = new.TracedModel(function)
        model.compile(keras.optimizers.SGD(0.0), "mse")
    model.fit(np.zeros((2, 6, 6, 2), "float32"), np.zeros((2, 3), "float32"), verbose=0)
    found = values(new, model)
    assert found and all(np.array_equal(v, saved[1][name]) for name, v in found.items())


def test_where_nothing_is_built_it_is_an_error(saved: Any, new: Any) -> None:
    with pytest.raises(RuntimeError, match="restore_checkpoint"):
        new.init_from_checkpoint(saved[0], {"net/": "net/"})


def test_a_saver_of_a_model_s_variables(saved: Any, new: Any, tmp_path: Path) -> None:
    path, stored = saved
    model = new.TracedModel(lambda x: net(new, x))
    model(np.zeros((1, 6, 6, 2), "float32"))
    with model._scoped_graph.active():
        saver = new.Saver(new.get_variables_to_restore(exclude=["logits"]))
    before = values(new, model)
    saver.restore(None, path)
    for name, value in values(new, model).items():
        assert np.array_equal(value, (stored if name in BODY else before)[name])
    biases = new.legacy_variables(model)["logits/biases"]
    new.Saver({"net/conv/biases": biases, "logits/biases": keras.Variable(np.zeros(3))})
    written = new.Saver({"mine": biases}).save(None, str(tmp_path / "model"))
    assert np.array_equal(tf.train.load_variable(written, "mine"), biases.numpy())
    other, before = tf.Variable(np.zeros((3, 2), "float32")), values(new, model)
    for wrong in ({"net/conv/biases": biases}, {"logits/biases": biases, "logits/weights": other}):
        biases.assign(np.ones(3))
        with pytest.raises(tf.errors.InvalidArgumentError, match="to match"):
            new.Saver(wrong).restore(None, path)
        assert np.array_equal(biases, np.ones(3))
    biases.assign(before["logits/biases"])
    with pytest.raises(ValueError, match="not a variable of the network"):
        new.Saver([biases])
    with pytest.raises(RuntimeError):
        new.Saver()
    own = [tf.Variable(1.0, name="own"), tf.Variable(2.0, name="own")]
    written = new.Saver(own[:1]).save(None, str(tmp_path / "own"))
    assert tf.train.load_variable(written, "own") == 1
    with pytest.raises(ValueError, match="same"):
        new.Saver(own).save(None, str(tmp_path / "own"))
    with model._scoped_graph.active(), pytest.raises(ValueError, match="same"):
        new.Saver([biases, biases])
