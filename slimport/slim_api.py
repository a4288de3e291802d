"""TF-Slim's public layer functions: their parameters and defaults.

The table is what `slimport` knows of the legacy API: a call is bound to these signatures before a
rule sees it. Source: ``tf_slim/layers/layers.py`` and ``normalization.py`` of tf-slim 1.1.0, which
are ``tf.contrib.layers`` of TensorFlow 1.15 under another name.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache

_VARIABLE_TAIL = (
    "activation_fn=tf.nn.relu, normalizer_fn=None, normalizer_params=None, "
    "weights_initializer=slim.xavier_initializer(), weights_regularizer=None, "
    "biases_initializer=tf.zeros_initializer(), biases_regularizer=None, reuse=None, "
    "variables_collections=None, outputs_collections=None, trainable=True, scope=None"
)
_CONVOLUTION = (
    "inputs, num_outputs, kernel_size, stride=1, padding='SAME', data_format=None, rate=1, "
    + _VARIABLE_TAIL
)
_TRANSPOSE = (
    "inputs, num_outputs, kernel_size, stride=1, padding='SAME', data_format='{}', "
    + _VARIABLE_TAIL
)
_POOL = (
    "inputs, kernel_size, stride=2, padding='VALID', data_format='{}', outputs_collections=None, "
    "scope=None"
)
_NORM_TAIL = (
    "activation_fn=None, param_initializers=None, reuse=None, variables_collections=None, "
    "outputs_collections=None, trainable=True"
)

_SIGNATURES = {
    "avg_pool2d": _POOL.format("NHWC"),
    "avg_pool3d": _POOL.format("NDHWC"),
    "batch_norm": (
        "inputs, decay=0.999, center=True, scale=False, epsilon=0.001, activation_fn=None, "
        "param_initializers=None, param_regularizers=None, "
        "updates_collections=tf.GraphKeys.UPDATE_OPS, is_training=True, reuse=None, "
        "variables_collections=None, outputs_collections=None, trainable=True, batch_weights=None, "
        "fused=None, data_format='NHWC', zero_debias_moving_mean=False, scope=None, renorm=False, "
        "renorm_clipping=None, renorm_decay=0.99, adjustment=None"
    ),
    "bias_add": (
        "inputs, activation_fn=None, initializer=tf.zeros_initializer(), regularizer=None, "
        "reuse=None, variables_collections=None, outputs_collections=None, trainable=True, "
        "data_format='NHWC', scope=None"
    ),
    "bow_encoder": (
        "ids, vocab_size, embed_dim, sparse_lookup=True, initializer=None, regularizer=None, "
        "trainable=True, scope=None, reuse=None"
    ),
    "conv1d": _CONVOLUTION,
    "conv2d": _CONVOLUTION,
    "conv2d_in_plane": f"inputs, kernel_size, stride=1, padding='SAME', {_VARIABLE_TAIL}",
    "conv2d_transpose": _TRANSPOSE.format("NHWC"),
    "conv3d": _CONVOLUTION,
    "conv3d_transpose": _TRANSPOSE.format("NDHWC"),
    "convolution": f"{_CONVOLUTION}, conv_dims=None",
    "dense_to_sparse": "tensor, eos_token=0, outputs_collections=None, scope=None",
    "dropout": (
        "inputs, keep_prob=0.5, noise_shape=None, is_training=True, outputs_collections=None, "
        "scope=None, seed=None"
    ),
    "embed_sequence": (
        "ids, vocab_size=None, embed_dim=None, unique=False, initializer=None, regularizer=None, "
        "trainable=True, scope=None, reuse=None"
    ),
    "flatten": "inputs, outputs_collections=None, scope=None",
    "fully_connected": f"inputs, num_outputs, {_VARIABLE_TAIL}",
    "gdn": (
        "inputs, inverse=False, beta_min=1e-06, gamma_init=0.1, reparam_offset=2 ** -18, "
        "data_format='channels_last', activity_regularizer=None, trainable=True, name=None, "
        "reuse=None"
    ),
    "group_norm": (
        "inputs, groups=32, channels_axis=-1, reduction_axes=(-3, -2), center=True, scale=True, "
        "epsilon=1e-6, activation_fn=None, param_initializers=None, reuse=None, "
        "variables_collections=None, outputs_collections=None, trainable=True, scope=None, "
        "mean_close_to_zero=False"
    ),
    "images_to_sequence": "inputs, data_format='NHWC', outputs_collections=None, scope=None",
    "instance_norm": (
        f"inputs, center=True, scale=True, epsilon=1e-6, {_NORM_TAIL}, data_format='NHWC', "
        "scope=None"
    ),
    "layer_norm": (
        "inputs, center=True, scale=True, activation_fn=None, reuse=None, "
        "variables_collections=None, outputs_collections=None, trainable=True, "
        "begin_norm_axis=1, begin_params_axis=-1, scope=None"
    ),
    "legacy_fully_connected": (
        "x, num_output_units, activation_fn=None, weight_init=slim.xavier_initializer(), "
        "bias_init=tf.zeros_initializer(), name=None, weight_collections=('weights',), "
        "bias_collections=('biases',), output_collections=('activations',), trainable=True, "
        "weight_regularizer=None, bias_regularizer=None"
    ),
    "max_pool2d": _POOL.format("NHWC"),
    "max_pool3d": _POOL.format("NDHWC"),
    "maxout": "inputs, num_units, axis=-1, scope=None",
    "one_hot_encoding": (
        "labels, num_classes, on_value=1.0, off_value=0.0, outputs_collections=None, scope=None"
    ),
    "pool": (
        "inputs, kernel_size, pooling_type, padding='VALID', data_format=None, dilation_rate=1, "
        "stride=1, outputs_collections=None, scope=None"
    ),
    "repeat": "inputs, repetitions, layer",
    "rev_block": (
        "x1, x2, f, g, num_layers=1, f_side_input=None, g_side_input=None, is_training=True"
    ),
    "separable_conv2d": (
        "inputs, num_outputs, kernel_size, depth_multiplier=1, stride=1, padding='SAME', "
        "data_format='NHWC', rate=1, activation_fn=tf.nn.relu, normalizer_fn=None, "
        "normalizer_params=None, weights_initializer=slim.xavier_initializer(), "
        "pointwise_initializer=None, weights_regularizer=None, "
        "biases_initializer=tf.zeros_initializer(), biases_regularizer=None, reuse=None, "
        "variables_collections=None, outputs_collections=None, trainable=True, scope=None"
    ),
    "sequence_to_images": (
        "inputs, height, output_data_format='channels_last', outputs_collections=None, scope=None"
    ),
    "softmax": "logits, scope=None",
    "spatial_softmax": (
        "features, temperature=None, name=None, variables_collections=None, trainable=True, "
        "data_format='NHWC'"
    ),
    "stack": "inputs, layer, stack_args",
    "unit_norm": "inputs, dim, epsilon=1e-7, scope=None",
}

# One function, two names: `conv2d = convolution2d` at the end of tf_slim/layers/layers.py.
ALIASES = {
    "convolution1d": "conv1d",
    "convolution2d": "conv2d",
    "convolution3d": "conv3d",
    "convolution2d_in_plane": "conv2d_in_plane",
    "convolution2d_transpose": "conv2d_transpose",
    "convolution3d_transpose": "conv3d_transpose",
    "separable_convolution2d": "separable_conv2d",
}

# `functools.partial(fully_connected, activation_fn=...)` in the same file.
PARTIALS = {
    **dict.fromkeys(("elu", "linear", "relu", "relu6"), "fully_connected"),
    **dict.fromkeys(("legacy_linear", "legacy_relu"), "legacy_fully_connected"),
}

# Layer functions under which variables are made or outputs are named, by tf_slim's own names.
LAYERS = frozenset(_SIGNATURES) | frozenset(PARTIALS)

# Names that tf.contrib.layers and tf.contrib.framework share with slim, besides the layers.
SHARED = frozenset(
    """
    adaptive_clipping_fn add_arg_scope add_model_variable apply_regularization arg_scope
    arg_scope_func_key arg_scoped_arguments assert_global_step assert_or_get_global_step
    assign_from_checkpoint assign_from_checkpoint_fn assign_from_values assign_from_values_fn
    bucketize create_global_step current_arg_scope filter_variables GDN get_global_step
    get_local_variables get_model_variables get_or_create_global_step get_trainable_variables
    get_unique_variable get_variable_full_name get_variables get_variables_by_name
    get_variables_by_suffix get_variables_to_restore global_variable has_arg_scope
    l1_l2_regularizer l1_regularizer l2_regularizer local_variable model_variable optimize_loss
    OPTIMIZER_CLS_NAMES OPTIMIZER_SUMMARIES poincare_normalize recompute_grad RevBlock
    scale_gradient sum_regularizer summarize_activation summarize_activations summarize_biases
    summarize_collection summarize_tensor summarize_tensors summarize_variables
    summarize_weights variable VariableDeviceChooser variance_scaling_initializer
    xavier_initializer xavier_initializer_conv2d zero_initializer
    """.split()
)

# What tf.contrib.slim has of tf.contrib.layers besides, and the package tf_slim has not.
CONTRIB_LAYERS = frozenset(
    """
    binary_svm_target bucketized_column check_feature_columns create_feature_spec_for_parsing
    crossed_column DataFrameColumn embedding_column
    embedding_lookup_sparse_with_distributed_aggregation embedding_lookup_unique
    get_default_binary_metrics_for_eval infer_real_valued_columns input_from_feature_columns
    InputLayer joint_weighted_sum_from_feature_columns
    make_place_holder_tensors_for_base_features multi_class_target one_hot_column
    parse_feature_columns_from_examples parse_feature_columns_from_sequence_examples ProblemType
    real_valued_column regression_target safe_embedding_lookup_sparse scattered_embedding_column
    scattered_embedding_lookup scattered_embedding_lookup_sparse
    sequence_input_from_feature_columns shared_embedding_columns sparse_column_with_hash_bucket
    sparse_column_with_integerized_feature sparse_column_with_keys
    sparse_column_with_vocabulary_file sparse_feature_cross
    SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY transform_features weighted_sparse_column
    weighted_sum_from_feature_columns
    """.split()
)

# Networks that slim ships: their modules below slim.nets, and what each defines.
_INCEPTION = {
    f"inception_v{version}": (
        f"inception_v{version} inception_v{version}_arg_scope inception_v{version}_base"
    )
    for version in (1, 2, 3)
}
_RESNET = {
    name: f"bottleneck resnet_arg_scope {name} {name}_50 {name}_101 {name}_152 {name}_200 "
    f"{name}_block"
    for name in ("resnet_v1", "resnet_v2")
}
_NET_MODULES = {
    "alexnet": "alexnet_v2 alexnet_v2_arg_scope",
    "inception": " ".join(_INCEPTION.values()),
    **_INCEPTION,
    "overfeat": "overfeat overfeat_arg_scope",
    "resnet_utils": "Block conv2d_same resnet_arg_scope stack_blocks_dense subsample",
    **_RESNET,
    "vgg": "vgg_16 vgg_19 vgg_a vgg_arg_scope vgg_d vgg_e",
}
# Where the written module has another name: two functions of one name, one function of two names.
_NET_NAMES = {
    "resnet_v1.bottleneck": "resnet_v1_bottleneck",
    "resnet_v2.bottleneck": "resnet_v2_bottleneck",
    "vgg.vgg_d": "vgg_16",
    "vgg.vgg_e": "vgg_19",
}
# Canonical name -> name in the written module.
NETS = {
    f"slim.nets.{module}.{name}": _NET_NAMES.get(f"{module}.{name}", name)
    for module, names in _NET_MODULES.items()
    for name in names.split()
}
NET_MODULES = frozenset(f"nets.{module}" for module in _NET_MODULES)
# Those that carry `default_image_size`.
SIZED_NETS = frozenset(
    """
    alexnet_v2 inception_v1 inception_v2 inception_v3 resnet_v1 resnet_v2 vgg_16 vgg_19 vgg_a
    """.split()
)


@dataclass(frozen=True)
class Signature:
    """Parameters of a slim function in order; `defaults` holds source text, None if required."""

    name: str
    defaults: dict[str, str | None]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.defaults)


@cache
def signature(name: str) -> Signature | None:
    """The signature of slim's function `name` (any of its aliases), None if it is not a layer."""
    canonical = ALIASES.get(name, name)
    canonical = PARTIALS.get(canonical, canonical)
    text = _SIGNATURES.get(canonical)
    if text is None:
        return None
    function = ast.parse(f"def f({text}): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in function.args.args]
    required: list[str | None] = [None] * (len(names) - len(function.args.defaults))
    sources = required + [ast.unparse(default) for default in function.args.defaults]
    return Signature(canonical, dict(zip(names, sources, strict=True)))
