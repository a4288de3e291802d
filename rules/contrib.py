"""tf.contrib where no rule rewrites it: what each package was, and what there is today."""

from slimport.contrib_left import CONTRIB_LEFT
from slimport.rewrite.marked import MarkedRule
from slimport.rewrite.rule import Refusal

_ADDONS = "its heir, tensorflow_addons, is no longer developed"
_ESTIMATOR = "TensorFlow has no Estimator since 2.16"
_IO = "became the package tensorflow_io"
_NONE = "has no successor"

# Package, or a name in one -> what became of it, what to do. The longest name wins.
_BECAME = {
    "autograph": ("tf.autograph has what is public of it", "use tf.function or tf.autograph"),
    "batching": (_NONE, "use tf.nondifferentiable_batch_function"),
    "bayesflow": ("became the package tensorflow_probability", "use tfp.mcmc or tfp.monte_carlo"),
    "bigtable": (_IO, "use google.cloud.bigtable and tf.data.Dataset.from_generator"),
    "boosted_trees": (_ESTIMATOR, "use the package tensorflow_decision_forests"),
    "checkpoint": ("tf.train has it under other names", "use tf.train.Checkpoint"),
    "cloud": (_IO, "tf.io.gfile reads gs:// paths"),
    "compiler": ("tf.function has it", "use tf.function(jit_compile=True)"),
    "constrained_optimization": (
        "became the package tensorflow_constrained_optimization", "use that package",
    ),
    "copy_graph": (_NONE, "use tf.compat.v1.import_graph_def"),
    "crf": (_ADDONS, "write the recursion over time with tf.scan"),
    "cudnn_rnn": ("Keras' layers use cuDNN by themselves", "use keras.layers.LSTM or GRU"),
    "data": ("tf.data has it with other parameters", "use tf.data.Dataset"),
    "data.CsvDataset": ("a class of its own there", "use tf.data.experimental.CsvDataset"),
    "data.Dataset": ("the first draft of tf.data.Dataset", "use tf.data.Dataset"),
    "data.SqlDataset": ("a class of its own there", "use tf.data.experimental.SqlDataset"),
    "data.TFRecordWriter": ("a class of its own there", "use tf.data.experimental.TFRecordWriter"),
    "data.sliding_window_batch": ("tf.data has windows", "use tf.data.Dataset.window"),
    "deprecated": ("wrote TensorFlow 0.x summaries", "use tf.compat.v1.summary"),
    "distribute": ("tf.distribute has it with other parameters", "use tf.distribute"),
    "distributions": ("became the package tensorflow_probability", "use tfp.distributions"),
    "eager": ("eager execution is TensorFlow 2's default", "use TensorFlow 2's own names"),
    "eager.Iterator": ("datasets can be iterated over", "use iter(dataset)"),
    "eager.Variable": ("resource variables are the default", "use tf.Variable"),
    "eager.defun": ("tf.function has other parameters", "use tf.function"),
    "eager.metrics": ("Keras has it", "use keras.metrics"),
    "eager.num_gpus": ("tf.config has it", "use len(tf.config.list_physical_devices('GPU'))"),
    "estimator": (_ESTIMATOR, "train a keras.Model with fit"),
    "factorization": (_ESTIMATOR, "use sklearn.cluster.KMeans or sklearn.mixture"),
    "feature_column": (
        "tf.feature_column has columns of other classes", "use keras.layers.StringLookup ...",
    ),
    "ffmpeg": (_IO, "decode with the ffmpeg program or tf.audio.decode_wav"),
    "framework": ("a helper of TensorFlow 1", "replace it by what it does"),
    "framework.init_from_checkpoint": (
        "tf.compat.v1.train has another one", "use tf.compat.v1.train.init_from_checkpoint",
    ),
    "framework.nest": ("an inner function of tf.nest", "use tf.nest or the package dm-tree"),
    "framework.reduce_sum_n": (
        "a few words of tf", "use tf.add_n([tf.reduce_sum(tensor) for tensor in tensors])",
    ),
    "gan": ("became the package tensorflow_gan", "write the two training steps in Keras"),
    "graph_editor": (_NONE, "build the graph as it should be, or edit its GraphDef"),
    "grid_rnn": (_NONE, "write a cell for keras.layers.RNN"),
    "hadoop": (_IO, "use tensorflow_io or convert the files"),
    "ignite": (_IO, "use tf.data.Dataset.from_generator"),
    "image": (
        _ADDONS, "use keras.ops.image.affine_transform or tf.raw_ops.ImageProjectiveTransformV3",
    ),
    "image.bipartite_match": (_NONE, "use scipy.optimize.linear_sum_assignment"),
    "image.connected_components": (_ADDONS, "use scipy.ndimage.label"),
    "input_pipeline": ("queues gave way to tf.data", "use tf.data.Dataset"),
    "integrate": ("became tensorflow_probability's", "use tfp.math.ode or scipy.integrate"),
    "kafka": (_IO, "use tensorflow_io or tf.data.Dataset.from_generator"),
    "keras": ("was Keras 2", "import keras, and check what Keras 3 changed"),
    "kernel_methods": (_ESTIMATOR, "use random features in a keras.layers.Layer"),
    "kinesis": (_IO, "use tensorflow_io or tf.data.Dataset.from_generator"),
    "labeled_tensor": (_NONE, "use xarray outside of the graph"),
    "layers": ("nothing in Keras is the same", "rewrite it with keras.layers or tf.nn"),
    "learn": (_ESTIMATOR, "train a keras.Model with fit"),
    "learn.ModeKeys": (_ESTIMATOR, "name the modes 'train', 'eval' and 'infer' yourself"),
    "learn.datasets": (_NONE, "use keras.datasets"),
    "legacy_seq2seq": (_NONE, "use keras.layers.RNN and keras.layers.Attention"),
    "linear_optimizer": (_ESTIMATOR, "train a keras.layers.Dense, or use sklearn.linear_model"),
    "lite": ("tf.lite has it", "use tf.lite, or tf.compat.v1.lite for frozen graphs and sessions"),
    "lookup": ("tf.lookup has it with other parameters", "use tf.lookup.StaticHashTable"),
    "lookup.index_table_from_file": (
        "tf.lookup has it", "use tf.lookup.StaticHashTable with a TextFileInitializer",
    ),
    "lookup.index_table_from_tensor": (
        "tf.lookup has it", "use tf.lookup.StaticHashTable with a KeyValueTensorInitializer",
    ),
    "losses.metric_learning": (_ADDONS, "write the loss with keras.ops"),
    "memory_stats": ("tf.config has it", "use tf.config.experimental.get_memory_info"),
    "metrics": ("Keras has metrics of its own", "use keras.metrics"),
    "mixed_precision": ("Keras has it", "use keras.mixed_precision and keras.optimizers"),
    "model_pruning": (
        "became tensorflow_model_optimization", "use tfmot.sparsity, which takes tf_keras models",
    ),
    "mpi": (_NONE, "use tf.distribute or horovod"),
    "mpi_collectives": (_NONE, "use tf.distribute or horovod"),
    "nccl": ("tf.distribute uses it by itself", "use tf.distribute.MirroredStrategy"),
    "nearest_neighbor": (_NONE, "use the package scann or faiss"),
    "nn": (_NONE, "write it with tf.nn"),
    "opt": ("Keras has optimizers of its own", "use keras.optimizers and check its slots"),
    "opt.AdaMaxOptimizer": ("Keras has it", "use keras.optimizers.Adamax and compare"),
    "opt.AdamWOptimizer": (
        "Keras multiplies the decay by the learning rate, this one did not",
        "use keras.optimizers.AdamW with weight_decay / learning_rate and compare",
    ),
    "opt.LARSOptimizer": (_NONE, "derive it from keras.optimizers.SGD"),
    "opt.LazyAdamOptimizer": (_ADDONS, "use keras.optimizers.Adam: rows without gradient move"),
    "opt.MovingAverageOptimizer": ("Keras' optimizers have it", "use use_ema=True"),
    "opt.MomentumWOptimizer": (
        "Keras multiplies the decay by the learning rate, this one did not",
        "use keras.optimizers.SGD with weight_decay / learning_rate and compare",
    ),
    "opt.NadamOptimizer": ("Keras has it", "use keras.optimizers.Nadam and compare"),
    "opt.ScipyOptimizerInterface": (_NONE, "use scipy.optimize.minimize or tfp.optimizer"),
    "optimizer_v2": ("Keras has optimizers of its own", "use keras.optimizers"),
    "periodic_resample": (_NONE, "use tf.nn.depth_to_space and tf.reshape"),
    "predictor": (_ESTIMATOR, "use tf.saved_model.load"),
    "quantization": ("tf.quantization has what is public of it", "use tf.quantization"),
    "quantize": (
        "became tensorflow_model_optimization", 
        "use tfmot.quantization, which takes tf_keras models",
    ),
    "receptive_field": ("became the package receptive_field", "use that package"),
    "recurrent": (_NONE, "use keras.layers.RNN"),
    "reduce_slice_ops": (_NONE, "use tf.math.segment_sum and its like"),
    "resampler": (_ADDONS, "use tf.gather_nd with weights of your own"),
    "rnn": ("Keras has cells of its own", "use keras.layers.RNN"),
    "rpc": (_NONE, "call the service in a tf.py_function"),
    "saved_model": ("tf.saved_model has it", "use tf.saved_model.load"),
    "seq2seq": (_ADDONS, "use keras.layers.RNN and keras.layers.Attention"),
    "session_bundle": (_NONE, "export again with tf.saved_model.save"),
    "signal": ("tf.signal has it", "use tf.signal"),
    "solvers": (_NONE, "use tf.linalg, tfp.math or scipy.sparse.linalg"),
    "sparsemax": (_ADDONS, "use keras.ops.sparsemax"),
    "specs": (_NONE, "write the layers out"),
    "staging": (
        "TensorFlow 2 has none in public", "use tf.data.Dataset.prefetch, or tf.raw_ops.Stage",
    ),
    "stateless": ("tf.random has it", "use tf.random.stateless_uniform and its like"),
    "summary": (
        "TensorFlow 2's tf.summary is made after it, with an explicit step",
        "use tf.summary with tf.summary.create_file_writer",
    ),
    "tensor_forest": (_ESTIMATOR, "use the package tensorflow_decision_forests"),
    "tensorboard": ("became TensorBoard's own", "use tensorboard.plugins.projector"),
    "tensorrt": ("tf.experimental has it", "use tf.experimental.tensorrt.Converter"),
    "testing": ("helpers of TensorFlow's own tests", "use tf.test"),
    "text": ("became the package tensorflow_text", "use tf.data or that package"),
    "tfprof": ("tf.compat.v1.profiler has it", "use tf.compat.v1.profiler"),
    "timeseries": (_ESTIMATOR, "use tfp.sts or keras.layers.LSTM"),
    "tpu": ("TPUs are reached through tf.distribute", "use tf.distribute.TPUStrategy"),
    "training": ("queues and hooks gave way to tf.data and fit", "use tf.data and keras.Model.fit"),
    "util": ("tf.compat.v1.graph_util has what is public of it", "use tf.compat.v1.graph_util"),
}  # fmt: skip
_BECAME |= CONTRIB_LEFT


class _ContribRule(MarkedRule):
    """Marks with what is known of the package, or of the very name."""

    def known(self, api: str) -> tuple[str, str]:
        parts = api.removeprefix("tf.contrib.").replace("python.", "").split(".")
        inner = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        names = (f"{parts[0]}.{parts[-1]}", *inner)
        default = (self.reason, self.advice)
        return next((_BECAME[name] for name in names if name in _BECAME), default)


CONTRIB = _ContribRule(
    code="SLIM499",
    name="contrib",
    summary="tf.contrib where nothing in TensorFlow 2 is the same",
    apis=("tf.contrib.*", "tf.contrib.losses.metric_learning.*"),
    reason="tf.contrib is gone in TensorFlow 2",
    advice="replace it by hand; the TensorFlow 2 migration guide names successors",
    details="Each package has its own reason and advice, which the mark and the report give.",
    refuses=tuple(
        Refusal(f"tf.contrib.{name}…: {reason}", "", advice)
        for name, (reason, advice) in sorted(_BECAME.items())
    ),
)
