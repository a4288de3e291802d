"""Builds a legacy network in a TF 1 graph, gives it values by name, and saves it.

A script: under CPython 3.7 with TensorFlow 1.15, or under today's with what `slimport verify` puts
in place of it. Its request is a JSON file: `root`, `entry`, `args`, `arg_scope`, `arg_scope_args`,
`shape`, `out` and what else is to be made:

- `paths`: more folders that imports begin at;
- `inference`: the network is built for inference, as what is exported is;
- `optimizer`: name of a class of `tf.train` whose slots and step are saved, too;
- `average`: moving averages of the trained variables are;
- `version`: 1 for the old format;
- `frozen`: path of a frozen graph of all outputs, `saved_model`: folder of a SavedModel whose
  signature has the first.

What it prints last is JSON: the names of the network's variables, and the tensors of its outputs by
the names that `slimport verify` gives them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "slimport" / "verify" / "workers"))
importlib.import_module("bootstrap")

import numpy as np  # noqa: E402

from slimport.verify import protocol  # noqa: E402
from slimport.verify.workers import old_worker, values, worker  # noqa: E402

STEP = 12345


def main(request):
    """Writes what is asked for, and prints the names of variables and outputs."""
    paths = [*request.get("paths", ())]
    sys.path[:0] = [*paths, request["root"]]
    old_worker.start({"root": request["root"], "paths": paths, "floor_runs": 0})
    import tensorflow as tf

    images = tf.placeholder(tf.float32, request["shape"], name="images")
    outputs = dict(protocol.flatten(_built(request, images), tf.is_tensor))
    outputs = {name: t for name, t in outputs.items() if tf.is_tensor(t)}
    variables = [variable.op.name for variable in tf.global_variables()]
    if request.get("optimizer"):
        _train(tf, request, outputs)
    with tf.Session() as session:
        _assign(tf, session, variables)
        version = tf.train.SaverDef.V1 if request.get("version") == 1 else tf.train.SaverDef.V2
        tf.train.Saver(write_version=version).save(session, request["out"])
        _export(tf, session, request, images, list(outputs.values()))
    names = {name: tensor.name for name, tensor in outputs.items()}
    print(json.dumps({"variables": variables, "outputs": names}))


def _built(request, images):
    entry = worker.resolve(request["entry"])
    args = _for_inference(request, entry, request["args"])
    if not request.get("arg_scope"):
        return entry(images, **args)
    scope = worker.resolve(request["arg_scope"])
    scope_args = request.get("arg_scope_args", {})
    given = scope(**_for_inference(request, scope, scope_args, hands_on=True))
    with old_worker._arg_scope_function()(given):
        return entry(images, **args)


def _for_inference(request, function, args, hands_on=False):
    parameters = inspect.signature(function).parameters
    kinds = [parameter.kind for parameter in parameters.values()]
    takes = "is_training" in parameters or (hands_on and inspect.Parameter.VAR_KEYWORD in kinds)
    return {**args, "is_training": False} if request.get("inference") and takes else args


def _train(tf, request, outputs):
    step = tf.train.get_or_create_global_step()
    tensors = [tensor for tensor in outputs.values() if tensor.dtype.is_floating]
    loss = tf.add_n([tf.reduce_mean(tensor) for tensor in tensors])
    kind = getattr(tf.train, request["optimizer"])
    given = (0.1, 0.9) if "Momentum" in request["optimizer"] else (0.1,)
    trained = kind(*given).minimize(loss, global_step=step)
    if request.get("average"):
        with tf.control_dependencies([trained]):
            tf.train.ExponentialMovingAverage(0.9).apply()


def _assign(tf, session, of_network):
    feed = {}
    for variable in tf.global_variables():
        shape, dtype = variable.get_shape().as_list(), variable.dtype.base_dtype.as_numpy_dtype
        value = _value(variable.op.name, shape, np.dtype(dtype).name)
        if variable.op.name not in of_network:
            value = np.abs(value)  # slots are squares, or may be
        feed[variable.initializer.inputs[1]] = value
    session.run(tf.global_variables_initializer(), feed)  # one run: each prunes the whole graph


def _value(name, shape, dtype):
    """Adam's powers are those of a step; everything else is drawn."""
    for power, beta in (("beta1_power", "0.9"), ("beta2_power", "0.999")):
        if name.endswith(power):
            factor = np.float32(beta)
            value = np.multiply.accumulate(np.full(STEP + 1, factor))[-1]
            # TensorFlow's kernels make zero of what is denormal; numpy's rounding keeps it there.
            return value if value >= np.finfo(np.float32).tiny else np.float32(0)
    if name == "global_step":
        return np.array(STEP, dtype)
    return values.variable_value(name, shape, dtype)


def _export(tf, session, request, images, outputs):
    if request.get("frozen"):
        graph = tf.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), [output.op.name for output in outputs]
        )
        Path(request["frozen"]).write_bytes(graph.SerializeToString())
    if request.get("saved_model"):
        tf.saved_model.simple_save(
            session, request["saved_model"], {"images": images}, {"output": outputs[0]}
        )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
