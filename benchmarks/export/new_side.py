"""The new side: the migrated network exported, converted, and run beside the frozen graph."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.backends.worker import function, value_for
from benchmarks.freezing import frozen

TURNS = 15


def main() -> None:
    """Answers one request: `new.json` in the folder that it names."""
    request = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(request["folder"])
    sys.path.insert(0, request["new"])
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    with contextlib.redirect_stdout(sys.stderr):
        answer = measured(request, folder)
    (folder / "new.json").write_text(json.dumps(answer))


def measured(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Exports, converts, compares and times."""
    with np.load(folder / "old.npz") as old:
        images, logits = old["images"], old["logits"]
    model, form = built(request)
    ways: dict[str, Callable[[Any], Any]] = {"frozen graph": old_graph(folder / "frozen.pb")}
    sizes = {"frozen graph": (folder / "frozen.pb").stat().st_size}
    model.export(folder / "saved", verbose=False)
    loaded = tf.saved_model.load(str(folder / "saved"))
    ways["SavedModel"] = lambda fed: loaded.serve(fed).numpy()
    sizes["SavedModel"] = size(folder / "saved")
    spec = tf.TensorSpec([None, *images.shape[1:]], tf.float32)
    tf.saved_model.save(tf.Module(), str(folder / "fixed"), signatures=frozen(model, spec))
    constants = tf.saved_model.load(str(folder / "fixed")).signatures["serving_default"]
    ways["frozen SavedModel"] = lambda fed: constants(tf.constant(fed))["output_0"].numpy()
    sizes["frozen SavedModel"] = size(folder / "fixed")
    lite = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert()
    interpreter = tf.lite.Interpreter(model_content=lite, num_threads=1)
    ways["TFLite"] = flat(interpreter)
    sizes["TFLite"] = len(lite)
    differences = {
        name: max(off(way(images[:batch]), logits[:batch]) for batch in (1, 3))
        for name, way in ways.items()
    }
    fixed = of_one_image(model, images[:1], folder / "one")
    differences["TFLite, batch 1"] = off(fixed(images[:1]), logits[:1])
    return {
        "form": form,
        "parameters": sum(int(np.prod(v.shape)) for v in model.variables) * 4,
        "sizes": sizes,
        "differences": differences,
        "milliseconds": in_turns(ways, images[:1]),
        "lite": dict(Counter(op["op_name"] for op in interpreter._get_ops_details())),
        "optimized": optimized(loaded),
    }


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def built(request: dict[str, Any]) -> tuple[Any, str]:
    """The model of the logits: functional where its code allows it, else traced."""
    layers = sys.modules.get("scoped_layers") or __import__("scoped_layers")
    network = function(request["network"])
    scope = function(request["scope"])() if request["scope"] else {}

    def serve(images: Any) -> Any:
        return network(images, num_classes=request["classes"], is_training=False)[0]

    shape = (request["size"], request["size"], 3)
    with layers.layer_defaults(scope):
        try:
            model, form = layers.functional_model(serve, keras.Input(shape)), "functional"
        except (ValueError, TypeError, AttributeError):
            model, form = layers.TracedModel(serve), "traced"
            model.build((None, *shape))
    for name, variable in layers.legacy_variables(model).items():
        variable.assign(value_for(name, variable))
    return model, form


def old_graph(path: Path) -> Callable[[Any], Any]:
    """The frozen graph in a session, as it was served."""
    graph_def = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    threads = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=1
    )
    session = tf.compat.v1.Session(graph=graph, config=threads)
    run: Callable[[Any], Any] = session.make_callable("logits:0", ["images:0"])
    return run


def flat(interpreter: Any) -> Callable[[Any], Any]:
    """A TFLite model as a function of images, allocated anew for another batch."""
    inputs, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(fed: Any) -> Any:
        if tuple(interpreter.get_input_details()[0]["shape"]) != fed.shape:
            interpreter.resize_tensor_input(inputs["index"], fed.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(inputs["index"], fed)
        interpreter.invoke()
        return interpreter.get_tensor(outputs["index"])

    interpreter.allocate_tensors()
    return run


def of_one_image(model: Any, image: Any, folder: Path) -> Callable[[Any], Any]:
    """Exported and converted with a batch of 1, as for a phone."""
    signature = [tf.TensorSpec(image.shape, tf.float32)]
    model.export(folder, input_signature=signature, verbose=False)
    lite = tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
    return flat(tf.lite.Interpreter(model_content=lite))


def in_turns(ways: dict[str, Callable[[Any], Any]], image: Any) -> dict[str, float]:
    """Median processor time of one image each way, one call of each after the other."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(TURNS + 3):
        for name, way in ways.items():
            started = time.process_time()
            way(image)
            if turn >= 3:
                taken[name].append((time.process_time() - started) * 1e3)
    return {name: statistics.median(times) for name, times in taken.items()}


def optimized(loaded: Any) -> dict[str, int]:
    """Operations that TensorFlow's own optimizer makes of the SavedModel, once it is frozen."""
    from tensorflow.python.framework import convert_to_constants
    from tensorflow.python.grappler import tf_optimizer

    function = convert_to_constants.convert_variables_to_constants_v2(
        loaded.signatures["serving_default"]
    )
    meta = tf.compat.v1.train.export_meta_graph(
        graph_def=function.graph.as_graph_def(), graph=function.graph
    )
    fetched = tf.compat.v1.MetaGraphDef().collection_def["train_op"].node_list.value
    fetched.extend([output.name for output in function.outputs])
    meta.collection_def["train_op"].node_list.value.extend(fetched)
    counted = Counter(
        node.op for node in tf_optimizer.OptimizeGraph(tf.compat.v1.ConfigProto(), meta).node
    )
    return dict(counted)


def off(one: Any, other: Any) -> float:
    """The largest difference, relative to the largest value.

    Raises:
        ValueError: If it is no number.
    """
    found = float(np.max(np.abs(np.asarray(one) - other)) / np.max(np.abs(other)))
    if not np.isfinite(found):
        raise ValueError("an output is not finite")
    return found


if __name__ == "__main__":
    main()
