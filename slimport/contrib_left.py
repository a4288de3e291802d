"""tf.contrib.layers and tf.contrib.framework: what no rule rewrites, and the way on for each.

`rules/contrib.py` has what became of the packages.
"""

_CENTRE = "fill the centre of a zero kernel with keras.initializers.Orthogonal"
_OTHER_COLUMNS = "tf.feature_column has columns of other classes"
_KERNELS = "compute the kernel once and use keras.initializers.Constant"
_ORTHOGONAL = "keras.initializers.Orthogonal makes matrices orthogonal, not convolutions"
_READS = "read it with tf.train.load_checkpoint and arrange its rows with NumPy"
_REMAPS = "reads a checkpoint's matrix row by row under a new vocabulary"
_SHAPES = "tf has it for static shapes"

# Feature columns -> what is most like them in tf.feature_column of TensorFlow 1.
_COLUMNS = {
    "bucketized_column": "bucketized_column",
    "create_feature_spec_for_parsing": "make_parse_example_spec",
    "crossed_column": "crossed_column",
    "embedding_column": "embedding_column",
    "input_from_feature_columns": "input_layer",
    "one_hot_column": "indicator_column",
    "real_valued_column": "numeric_column",
    "shared_embedding_columns": "shared_embedding_columns",
    "sparse_column_with_hash_bucket": "categorical_column_with_hash_bucket",
    "sparse_column_with_integerized_feature": "categorical_column_with_identity",
    "sparse_column_with_keys": "categorical_column_with_vocabulary_list",
    "sparse_column_with_vocabulary_file": "categorical_column_with_vocabulary_file",
    "weighted_sparse_column": "weighted_categorical_column",
    "weighted_sum_from_feature_columns": "linear_model",
}

#: Name below ``tf.contrib`` -> what became of it, what to do.
CONTRIB_LEFT = {
    "framework.BoundedTensorSpec": (
        "TensorFlow's own, no longer public", "use tf.TensorSpec and keep the bounds beside it",
    ),
    "framework.RecordInput": ("queues gave way to tf.data", "use tf.data.TFRecordDataset"),
    "framework.assert_scalar_int": (
        "tf.debugging has its parts", "use tf.debugging.assert_scalar and assert_integer",
    ),
    "framework.convolutional_delta_orthogonal": (_ORTHOGONAL, _CENTRE),
    "framework.convolutional_orthogonal_1d": (_ORTHOGONAL, _KERNELS),
    "framework.convolutional_orthogonal_2d": (_ORTHOGONAL, _KERNELS),
    "framework.convolutional_orthogonal_3d": (_ORTHOGONAL, _KERNELS),
    "framework.deprecated_arg_values": ("marks arguments of TensorFlow", "use warnings.warn"),
    "framework.deprecated_args": ("marks arguments of TensorFlow", "use warnings.warn"),
    "framework.fuse_op": (
        "edits a GraphDef", "edit it, or export the model for the runtime that fuses",
    ),
    "framework.get_graph_from_inputs": (
        "finds the graph of tensors", "use tensor.graph, or tf.compat.v1.get_default_graph()",
    ),
    "framework.load_and_remap_matrix_initializer": (_REMAPS, _READS),
    "framework.load_embedding_initializer": (_REMAPS, _READS),
    "framework.load_linear_multiclass_bias_initializer": (_REMAPS, _READS),
    "framework.load_variable_slot_initializer": (_REMAPS, _READS),
    "framework.prepend_name_scope": ("a few words of Python", "use f'{scope}/{name}'"),
    "framework.py_func": (
        "tf.numpy_function takes neither keywords nor structures",
        "use tf.numpy_function(func, inputs, dtypes) and set_shape",
    ),
    "framework.remove_squeezable_dimensions": (
        "a few words of tf", "use tf.squeeze(tensor, [-1]) where the ranks differ by 1",
    ),
    "framework.smart_case": ("tf.case has it for tensors", "use tf.case, or Python ifs"),
    "framework.strip_name_scope": ("a few words of Python", "use name.removeprefix(scope + '/')"),
    "framework.with_same_shape": (_SHAPES, "use tf.ensure_shape(tensor, expected.shape)"),
    "framework.with_shape": (_SHAPES, "use tf.ensure_shape(tensor, shape)"),
    "layers.embedding_lookup_unique": (
        "TF-Slim's embed_sequence has it", "use tf.nn.embedding_lookup, with tf.unique around it",
    ),
    "layers.safe_embedding_lookup_sparse": (
        "tf.nn has the same function",
        "use tf.compat.v1.nn.safe_embedding_lookup_sparse: its parameters are the same",
    ),
    "layers.scattered_embedding_lookup": (
        "looks parts of a vector up by hashes", "use keras.layers.Hashing and Embedding",
    ),
    "layers.sequence_input_from_feature_columns": (
        _OTHER_COLUMNS, "use keras.layers.Embedding on padded ids, and compare",
    ),
    "layers.sparse_feature_cross": (
        "tf.sparse hashes otherwise", "use tf.sparse.cross_hashed, and train anew",
    ),
}  # fmt: skip
CONTRIB_LEFT |= {
    f"layers.{name}": (_OTHER_COLUMNS, f"use tf.compat.v1.feature_column.{now}, and compare")
    for name, now in _COLUMNS.items()
}
