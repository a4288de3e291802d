"""Cases over the parts of detectors: box predictors, feature map generators, scopes, clones.

Plain Python; the format is that of `slimport.verify.case_files.cases`. Shapes are small:
what is tested is how layers are put together, which does not depend on their size.
"""

from __future__ import annotations

from typing import Any

Case = dict[str, Any]

BATCH = 2

_TRUNCATED = "initializer { truncated_normal_initializer { mean: 0.0 stddev: 0.03 } }"
_NORMAL = "initializer { random_normal_initializer { mean: 0.0 stddev: 0.01 } }"
_SCALING = (
    "initializer { variance_scaling_initializer { factor: 1.0 uniform: true mode: FAN_AVG } }"
)
_L2 = "regularizer { l2_regularizer { weight: 0.004 } }"
_L1 = "regularizer { l1_regularizer { weight: 0.003 } }"
_BATCH_NORM = "batch_norm { decay: 0.97 center: true scale: true epsilon: 0.001 }"

#: As the published SSD configurations have it.
SSD_SCOPE = f"activation: RELU_6 {_L2} {_TRUNCATED} {_BATCH_NORM}"

#: As RetinaNet's configurations have it.
RETINANET_SCOPE = f"activation: RELU_6 {_L2} {_NORMAL} {_BATCH_NORM}"

#: As Faster R-CNN's configurations have it.
FASTER_RCNN_SCOPE = f"op: CONV {_L2} {_TRUNCATED}"
FULLY_CONNECTED_SCOPE = f"op: FC {_L2} {_SCALING}"


def cases() -> list[Case]:
    """Returns the cases of all parts."""
    found = [
        *_convolutional_predictors(),
        *_weight_shared_predictors(),
        *_second_stage_predictors(),
        *_other_heads(),
        *_hyperparams(),
        *_multi_resolution(),
        *_pyramids(),
        *_clones(),
        mobilenet_v3_ssdlite(),
    ]
    return found


def _case(name: str, entry: str, shapes: list[list[int]], **rest: Any) -> Case:
    return {
        "name": f"component/{name}",
        "entry": f"components:{entry}",
        "training_argument": "is_training",
        "inputs": [{"shape": shape} for shape in shapes],
        # Session scripts call these parts as often as models do.
        "places": ["model", "graph"],
        **rest,
    }


def _maps(*sizes_and_depths: tuple[int, int]) -> list[list[int]]:
    """Shapes of square feature maps from (size, depth)."""
    return [[BATCH, size, size, depth] for size, depth in sizes_and_depths]


# ---------------------------------------------------------------------------- box predictors


def _convolutional_predictors() -> list[Case]:
    options = {
        "convolutional_box_predictor": "use_dropout: false kernel_size: 3",
        "convolutional_box_predictor_depthwise": (
            "use_dropout: false kernel_size: 3 use_depthwise: true class_prediction_bias_init: -4.6"
        ),
        "convolutional_box_predictor_dropout": (
            "use_dropout: true dropout_keep_probability: 0.8 kernel_size: 1 "
            "apply_sigmoid_to_scores: true"
        ),
        "convolutional_box_predictor_layers": (
            "num_layers_before_predictor: 2 min_depth: 8 max_depth: 16 use_dropout: false "
            "kernel_size: 3 box_encodings_clip_range { min: -1.0 max: 1.0 }"
        ),
        "convolutional_box_predictor_layers_depthwise_dropout": (
            "num_layers_before_predictor: 1 min_depth: 8 max_depth: 16 use_dropout: true "
            "dropout_keep_probability: 0.6 kernel_size: 3 use_depthwise: true"
        ),
    }
    shapes = _maps((8, 12), (4, 24), (2, 16))
    return [
        _case(
            name,
            "box_predictor",
            shapes,
            args={
                "config": _predictor("convolutional_box_predictor", text, SSD_SCOPE),
                "num_classes": 5,
                "num_predictions_per_location": [3, 6, 6],
            },
        )
        for name, text in options.items()
    ] + [
        # One feature map, as in a region proposal network: no scope of its own, no batch norm.
        _case(
            "convolutional_box_predictor_one_map",
            "box_predictor",
            shapes[:1],
            args={
                "config": _predictor(
                    "convolutional_box_predictor",
                    "kernel_size: 1 use_dropout: false",
                    FASTER_RCNN_SCOPE,
                ),
                "num_classes": 1,
                "num_predictions_per_location": [12],
                "scope": "FirstStageBoxPredictor",
                "add_background_class": False,
            },
        )
    ]


def _weight_shared_predictors() -> list[Case]:
    kind = "weight_shared_convolutional_box_predictor"
    base = "depth: 16 num_layers_before_predictor: 2 kernel_size: 3"
    options = {
        "weight_shared_box_predictor": (f"{base} class_prediction_bias_init: -4.6", 16),
        "weight_shared_box_predictor_shared_tower": (f"{base} share_prediction_tower: true", 16),
        "weight_shared_box_predictor_depthwise": (f"{base} use_depthwise: true", 16),
        "weight_shared_box_predictor_shared_tower_depthwise": (
            f"{base} share_prediction_tower: true use_depthwise: true score_converter: SIGMOID",
            16,
        ),
        "weight_shared_box_predictor_dropout": (
            f"{base} use_dropout: true dropout_keep_probability: 0.7 "
            "box_encodings_clip_range { min: -2.0 max: 2.0 }",
            16,
        ),
        # Depths that differ get a projection, with a batch norm of its own each.
        "weight_shared_box_predictor_projection": (base, 24),
    }
    found = [
        _case(
            name,
            "box_predictor",
            _maps((8, 16), (4, 16), (2, depth)),
            args={
                "config": _predictor(kind, text, RETINANET_SCOPE),
                "num_classes": 4,
                "num_predictions_per_location": [6, 6, 6],
                "add_background_class": False,
            },
            # The score converter is applied `if not self._is_training`.
            built_once="score_converter" not in text,
        )
        for name, (text, depth) in options.items()
    ]
    without = f"activation: RELU_6 {_L2} {_NORMAL}"
    found.append(
        _case(
            "weight_shared_box_predictor_no_batch_norm",
            "box_predictor",
            _maps((8, 16), (4, 16)),
            args={
                "config": _predictor(kind, base, without),
                "num_classes": 4,
                "num_predictions_per_location": [6, 6],
            },
        )
    )
    return found


def _predictor(kind: str, options: str, scope: str) -> str:
    return f"{kind} {{ {options} conv_hyperparams {{ {scope} }} }}"


def _second_stage_predictors() -> list[Case]:
    heads = f"fc_hyperparams {{ {FULLY_CONNECTED_SCOPE} }}"
    masks = (
        f"{heads} conv_hyperparams {{ {FASTER_RCNN_SCOPE} }} predict_instance_masks: true "
        "mask_height: 8 mask_width: 8 mask_prediction_conv_depth: 12 "
        "mask_prediction_num_conv_layers: 3"
    )
    options = {
        "mask_rcnn_box_predictor": (heads, [2]),
        "mask_rcnn_box_predictor_dropout": (
            f"{heads} use_dropout: true dropout_keep_probability: 0.5 "
            "share_box_across_classes: true",
            [2],
        ),
        "mask_rcnn_box_predictor_masks": (masks, [2, 3]),
        "mask_rcnn_box_predictor_masks_upsampled": (
            f"{masks} convolve_then_upsample_masks: true masks_are_class_agnostic: true",
            [2, 3],
        ),
        # Depth 0: the head chooses the depth from the numbers of classes and channels.
        "mask_rcnn_box_predictor_masks_own_depth": (
            masks.replace("conv_depth: 12", "conv_depth: 0"),
            [3],
        ),
    }
    found = [
        _case(
            name,
            "mask_rcnn_box_predictor",
            [[2 * BATCH, 4, 4, 24]],
            args={
                "config": f"mask_rcnn_box_predictor {{ {text} }}",
                "num_classes": 5,
                "stages": stages,
            },
        )
        for name, (text, stages) in options.items()
    ]
    rfcn = (
        "num_spatial_bins_height: 3 num_spatial_bins_width: 2 depth: 16 crop_height: 6 "
        "crop_width: 4"
    )
    case = _case(
        "rfcn_box_predictor",
        "rfcn_box_predictor",
        [[BATCH, 9, 9, 12]],
        args={
            "config": _predictor("rfcn_box_predictor", rfcn, FASTER_RCNN_SCOPE),
            "num_classes": 3,
        },
    )
    case["inputs"].append(
        # Boxes as [ymin, xmin, ymax, xmax], none of them empty.
        {"shape": [BATCH, 3, 4], "low": [0.0, 0.0, 0.6, 0.6], "high": [0.4, 0.4, 1.0, 1.0]}
    )
    return [*found, case]


def _other_heads() -> list[Case]:
    scope = f"op: CONV activation: RELU {_L2} {_TRUNCATED}"
    keypoints = _case(
        "mask_rcnn_keypoint_head",
        "keypoint_heatmaps",
        [[2 * BATCH, 5, 5, 12]],
        args={"config": scope, "num_keypoints": 4, "size": 14, "layers": 3},
    )
    options: dict[str, dict[str, Any]] = {
        "convolutional_mask_head": {"shared": False},
        "convolutional_mask_head_depthwise": {
            "shared": False,
            "use_depthwise": True,
            "masks_are_class_agnostic": True,
        },
        "weight_shared_mask_head": {"shared": True},
        "weight_shared_mask_head_agnostic": {"shared": True, "masks_are_class_agnostic": True},
    }
    masks = [
        _case(
            name,
            "predictor_with_masks",
            _maps((6, 16), (3, 16)),
            args={"config": SSD_SCOPE, "num_classes": 3, **given},
        )
        for name, given in options.items()
    ]
    return [keypoints, *masks]


# --------------------------------------------------------------------------- hyperparameters


def _hyperparams() -> list[Case]:
    convolutions = {
        "l1": f"activation: RELU {_L1} {_TRUNCATED}",
        "l2": f"activation: RELU_6 {_L2} {_NORMAL}",
        "linear": f"activation: NONE {_SCALING}",
        "swish": f"activation: SWISH {_L2} {_SCALING}",
        "none_regularized": f"activation: RELU regularizer {{ }} {_TRUNCATED}",
        "batch_norm": f"activation: RELU_6 {_L2} {_TRUNCATED} {_BATCH_NORM}",
        "batch_norm_defaults": f"{_L2} {_TRUNCATED} batch_norm {{ }}",
        "batch_norm_frozen": f"{_L2} {_TRUNCATED} batch_norm {{ train: false scale: true }}",
        "batch_norm_off_centre": (
            f"{_L2} {_TRUNCATED} "
            "batch_norm { center: false scale: true decay: 0.9 epsilon: 0.01 }"
        ),
        "regularize_depthwise": f"{_L2} {_TRUNCATED} {_BATCH_NORM} regularize_depthwise: true",
    }
    grouped = {
        "group_norm": f"activation: RELU {_L2} {_TRUNCATED} group_norm {{ }}",
        "group_norm_linear": f"activation: NONE {_L1} {_NORMAL} group_norm {{ }}",
    }
    connected = {
        "l2": FULLY_CONNECTED_SCOPE,
        "l1": f"op: FC activation: RELU {_L1} {_TRUNCATED}",
        "plain": f"op: FC activation: NONE {_NORMAL}",
        # Scopes for convolutions leave fully connected layers as slim has them.
        "other_operation": f"op: CONV {_L2} {_TRUNCATED}",
    }
    refused = {
        "force_use_bias": f"{_L2} {_TRUNCATED} force_use_bias: true",
        "sync_batch_norm": f"{_L2} {_TRUNCATED} sync_batch_norm {{ }}",
        "keras_name": 'initializer { keras_initializer_by_name: "glorot_normal" }',
        "taken": f"{_L2} {_TRUNCATED}",
    }
    # slim's group norm makes 32 groups.
    narrow, wide = [[BATCH, 6, 6, 12]], [[BATCH, 6, 6, 32]]
    depthwise = {"use_depthwise": True}
    return [
        _case("hyperparams", "hyperparams", narrow, args={"configs": convolutions}),
        _case(
            "hyperparams_depthwise",
            "hyperparams",
            narrow,
            args={"configs": convolutions, **depthwise},
        ),
        _case("hyperparams_group_norm", "hyperparams", wide, args={"configs": grouped}),
        _case(
            "hyperparams_group_norm_depthwise",
            "hyperparams",
            wide,
            args={"configs": grouped, **depthwise},
        ),
        _case(
            "hyperparams_fully_connected",
            "fully_connected_hyperparams",
            narrow,
            args={"configs": connected},
        ),
        _case("hyperparams_refused", "refused_hyperparams", narrow, args={"configs": refused}),
    ]


# ---------------------------------------------------------------------- feature map generators


def _scoped(name: str, entry: str, shapes: list[list[int]], scope: str, args: Any) -> Case:
    """A case whose entry runs under a scope that its caller enters, and takes no training flag."""
    case = _case(name, entry, shapes, args=args)
    del case["training_argument"]
    case["arg_scope"] = "components:hyperparams_scope"
    case["arg_scope_args"] = {"config": scope}
    case["arg_scope_training_argument"] = "is_training"
    return case


def _multi_resolution() -> list[Case]:
    inception = {
        "from_layer": ["Mixed_4c", "Mixed_5c", "", "", "", ""],
        "layer_depth": [-1, -1, 32, 16, 16, 8],
    }
    names = ["Mixed_4c", "Mixed_5c"]
    # Sizes are odd and even in turn: SAME and explicit padding differ on even ones.
    shapes = _maps((20, 24), (10, 32))
    options: dict[str, dict[str, Any]] = {
        "multi_resolution_feature_maps": {"layout": inception},
        "multi_resolution_feature_maps_depthwise": {"layout": {**inception, "use_depthwise": True}},
        "multi_resolution_feature_maps_explicit_padding": {
            "layout": {**inception, "use_explicit_padding": True}
        },
        "multi_resolution_feature_maps_depthwise_explicit_padding": {
            "layout": {**inception, "use_depthwise": True, "use_explicit_padding": True}
        },
        "multi_resolution_feature_maps_kernel_sizes": {
            "layout": {**inception, "conv_kernel_size": [-1, -1, 3, 3, 2, 2]},
            "insert_1x1_conv": False,
            "depth_multiplier": 0.5,
        },
        "multi_resolution_feature_maps_pool_residual": {
            "layout": {
                "from_layer": ["Mixed_4c", "Mixed_5c", "", "", ""],
                "layer_depth": [-1, -1, 32, 32, 32],
                "use_depthwise": True,
            },
            "pool_residual": True,
        },
        "multi_resolution_feature_maps_embedded": {
            "layout": {
                "from_layer": ["Conv2d_11_pointwise", "Conv2d_13_pointwise", "", "", ""],
                "layer_depth": [-1, -1, 32, 16, 16],
                "conv_kernel_size": [-1, -1, 3, 3, 2],
            },
            "names": ["Conv2d_11_pointwise", "Conv2d_13_pointwise"],
        },
    }
    return [
        _scoped(
            name,
            "multi_resolution_feature_maps",
            shapes,
            SSD_SCOPE,
            {"names": names, **given},
        )
        for name, given in options.items()
    ]


def _pyramids() -> list[Case]:
    top_down: dict[str, dict[str, Any]] = {
        "fpn_top_down_feature_maps": {},
        "fpn_top_down_feature_maps_depthwise": {"use_depthwise": True},
        "fpn_top_down_feature_maps_explicit_padding": {"use_explicit_padding": True},
        "fpn_top_down_feature_maps_native_resize": {"use_native_resize_op": True},
        "fpn_top_down_feature_maps_bounded": {"use_bounded_activations": True},
        "fpn_top_down_feature_maps_all_options": {
            "use_depthwise": True,
            "use_explicit_padding": True,
            "use_bounded_activations": True,
            "use_native_resize_op": True,
            "scope": "fpn",
        },
    }
    shapes = _maps((12, 8), (6, 16), (3, 24))
    found = [
        _scoped(
            name, "fpn_top_down_feature_maps", shapes, RETINANET_SCOPE, {"depth": 12, **options}
        )
        for name, options in top_down.items()
    ]
    # With sizes that no longer halve exactly, explicit padding slices the upsampled map.
    found.append(
        _scoped(
            "fpn_top_down_feature_maps_uneven",
            "fpn_top_down_feature_maps",
            _maps((11, 8), (6, 16), (3, 24)),
            RETINANET_SCOPE,
            {"depth": 12, "use_explicit_padding": True},
        )
    )
    pooling: dict[str, dict[str, Any]] = {
        "pooling_pyramid_feature_maps": {"base_depth": 16, "replace_pool_with_conv": False},
        "pooling_pyramid_feature_maps_convolutions": {
            "base_depth": 16,
            "replace_pool_with_conv": True,
        },
    }
    found += [
        _scoped(
            name,
            "pooling_pyramid_feature_maps",
            _maps((13, 8)),
            SSD_SCOPE,
            {"num_layers": 4, **options},
        )
        for name, options in pooling.items()
    ]
    # Without the first convolution there is no variable at all.
    found.append(
        _scoped(
            "pooling_pyramid_feature_maps_bare",
            "pooling_pyramid_feature_maps",
            _maps((13, 8)),
            SSD_SCOPE,
            {"num_layers": 3, "base_depth": 0, "replace_pool_with_conv": False},
        )
    )
    return found


# ------------------------------------------------------------------------------- model_deploy


def _clones() -> list[Case]:
    found = []
    for network, depth in (("lenet", 1), ("cifarnet", 3)):
        for clones in (1, 2):
            case = _case(
                f"model_deploy_{network}_clones_{clones}",
                "model_deploy_clones",
                [[BATCH, 12, 12, depth]],
                args={"network": network, "num_clones": clones},
                # Clones meet in the graph's collections.
                places=["graph"],
                # The gradients are among the outputs.
                gradients=False,
            )
            case["inputs"].append({"shape": [BATCH], "dtype": "int32", "low": 0, "high": 10})
            found.append(case)
    return found


# ------------------------------------------------------------------- MobileNet v3 SSDLite


def mobilenet_v3_ssdlite(size: int = 320, num_classes: int = 90) -> Case:
    """Returns the case of the SSDLite MobileNet v3 (large), with its published settings.

    Args:
        size: Height and width of the images.
        num_classes: Classes without background.
    """
    weights = "regularizer { l2_regularizer { weight: 0.00004 } }"
    backbone = f"activation: RELU_6 {weights} {_TRUNCATED} {_BATCH_NORM}"
    normal = "initializer { random_normal_initializer { stddev: 0.03 mean: 0.0 } }"
    heads = (
        "min_depth: 0 max_depth: 0 num_layers_before_predictor: 0 use_dropout: false "
        "kernel_size: 3 use_depthwise: true box_code_size: 4 apply_sigmoid_to_scores: false "
        "class_prediction_bias_init: -4.6"
    )
    ratios = " ".join(f"aspect_ratios: {ratio}" for ratio in (1.0, 2.0, 0.5, 3.0, 0.3333))
    return _case(
        "ssdlite_mobilenet_v3_large",
        "mobilenet_v3_ssdlite",
        [[BATCH, size, size, 3]],
        args={
            "feature_hyperparams": backbone,
            "predictor": _predictor(
                "convolutional_box_predictor",
                heads,
                f"activation: RELU_6 {weights} {normal} {_BATCH_NORM}",
            ),
            "anchors": (
                f"ssd_anchor_generator {{ num_layers: 6 min_scale: 0.2 max_scale: 0.95 {ratios} }}"
            ),
            "num_classes": num_classes,
        },
    )
