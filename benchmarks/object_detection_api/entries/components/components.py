"""Entry points for the parts of which detectors of the Object Detection API are made.

On the import path of both sides: of the old tree in a TensorFlow 1 graph and of the migrated one.
An entry takes input tensors and plain arguments and returns nested dictionaries of tensors. It
reaches layers and variable scopes only through functions of the API: the adapter is not rewritten,
so a scope of its own would be TensorFlow's, which migrated layers do not see. Configurations are
text protos, as users write them.

This module runs under CPython 3.7 with TensorFlow 1.15.
"""

# This file runs under CPython 3.7.
# ruff: noqa: B905, E402, UP035, UP006

from __future__ import annotations

import collections
from typing import Any, Dict, List, Sequence

import old_protos
import slim_half
import tensorflow.compat.v1 as tf
from google.protobuf import text_format

old_protos.install()
slim_half.choose()

from object_detection.builders import (
    anchor_generator_builder,
    box_predictor_builder,
    hyperparams_builder,
)
from object_detection.core import box_predictor as box_predictor_core
from object_detection.models import feature_map_generators
from object_detection.predictors import convolutional_box_predictor
from object_detection.predictors.heads import box_head, class_head, keypoint_head, mask_head
from object_detection.protos import anchor_generator_pb2, box_predictor_pb2, hyperparams_pb2

Tensors = Dict[str, Any]

#: Stages of the Mask R-CNN predictor, by the argument it calls `prediction_stage`.
BOX_STAGE, MASK_STAGE = 2, 3


def hyperparams_scope(config: str, is_training: bool) -> Any:
    """Builds the scope that callers of feature map generators enter around them.

    Args:
        config: Text of a `Hyperparams` proto.
        is_training: Whether batch norm is to use statistics of the batch.

    Returns:
        What the scope function of `hyperparams_builder.build` returns.
    """
    return _hyperparams(config, is_training)()


def _hyperparams(config: str, is_training: bool) -> Any:
    proto = text_format.Parse(config, hyperparams_pb2.Hyperparams())
    return hyperparams_builder.build(proto, is_training)


# ---------------------------------------------------------------------------- box predictors


def box_predictor(
    *feature_maps: Any,
    config: str,
    num_classes: int,
    num_predictions_per_location: Sequence[int],
    is_training: bool,
    scope: str | None = None,
    add_background_class: bool = True,
) -> Tensors:
    """Predicts boxes and classes from feature maps.

    Args:
        *feature_maps: Each [batch, height_i, width_i, depth_i], float32.
        config: Text of a `BoxPredictor` proto.
        num_classes: Classes without background.
        num_predictions_per_location: Anchors per location, one number for each feature map.
        is_training: Whether the predictor is built for training.
        scope: Variable scope around the predictor.
        add_background_class: Whether classes get a slot for background.

    Returns:
        `box_encodings` and `class_predictions_with_background`, each a list of one float32
        tensor per feature map: [batch, anchors_i, q, code size] or [batch, anchors_i, code size],
        and [batch, anchors_i, slots].
    """
    predictor = _box_predictor(config, is_training, num_classes, add_background_class)
    return predictor.predict(list(feature_maps), list(num_predictions_per_location), scope=scope)


def _box_predictor(
    config: str, is_training: bool, num_classes: int, add_background_class: bool = True
) -> Any:
    proto = text_format.Parse(config, box_predictor_pb2.BoxPredictor())
    return box_predictor_builder.build(
        hyperparams_builder.build,
        proto,
        is_training=is_training,
        num_classes=num_classes,
        add_background_class=add_background_class,
    )


def mask_rcnn_box_predictor(
    features: Any, config: str, num_classes: int, stages: Sequence[int], is_training: bool
) -> Tensors:
    """Predicts the second and third stage of Mask R-CNN, both under one scope as the detector does.

    Args:
        features: Cropped proposals, [batch * proposals, height, width, depth], float32.
        config: Text of a `BoxPredictor` proto with a `mask_rcnn_box_predictor`.
        num_classes: Classes without background.
        stages: `BOX_STAGE`, `MASK_STAGE` or both.
        is_training: Whether the predictor is built for training.

    Returns:
        `box_encodings` [n, 1, q, code size], `class_predictions_with_background` [n, 1, slots],
        `mask_predictions` [n, 1, masks, mask height, mask width], as far as the stages give them.
    """
    predictor = _box_predictor(config, is_training, num_classes)
    found: Tensors = {}
    for stage in stages:
        predictions = predictor.predict(
            [features], [1], scope="SecondStageBoxPredictor", prediction_stage=stage
        )
        found.update(predictions)
    return found


def rfcn_box_predictor(
    features: Any, proposals: Any, config: str, num_classes: int, is_training: bool
) -> Tensors:
    """Predicts boxes and classes by position sensitive crops.

    Args:
        features: [batch, height, width, depth], float32.
        proposals: Normalised boxes, [batch, proposals, 4], float32.
        config: Text of a `BoxPredictor` proto with an `rfcn_box_predictor`.
        num_classes: Classes without background.
        is_training: Whether the predictor is built for training.

    Returns:
        `box_encodings` [[batch * proposals, 1, classes, code size]] and
        `class_predictions_with_background` [[batch * proposals, 1, classes + 1]].
    """
    predictor = _box_predictor(config, is_training, num_classes)
    return predictor.predict(
        [features], [1], scope="SecondStageBoxPredictor", proposal_boxes=proposals
    )


def keypoint_heatmaps(
    features: Any, config: str, is_training: bool, num_keypoints: int, size: int, layers: int
) -> Tensors:
    """Predicts keypoints of cropped proposals; no builder of the API reaches this head.

    Args:
        features: [batch * proposals, height, width, depth], float32.
        config: Text of a `Hyperparams` proto.
        is_training: Given to the hyperparameters.
        num_keypoints: Channels of the heat map.
        size: Height and width of the heat map.
        layers: Convolutions before the transposed one.

    Returns:
        `keypoints`, [batch * proposals, 1, num_keypoints, size, size], float32.
    """
    head = keypoint_head.MaskRCNNKeypointHead(
        num_keypoints=num_keypoints,
        conv_hyperparams_fn=_hyperparams(config, is_training),
        keypoint_heatmap_height=size,
        keypoint_heatmap_width=size,
        keypoint_prediction_num_conv_layers=layers,
        keypoint_prediction_conv_depth=16,
    )
    return {"keypoints": head.predict(features, num_predictions_per_location=1)}


def predictor_with_masks(
    *feature_maps: Any,
    config: str,
    num_classes: int,
    is_training: bool,
    shared: bool,
    use_depthwise: bool = False,
    masks_are_class_agnostic: bool = False,
) -> Tensors:
    """Predicts boxes, classes and masks in one stage; no builder passes such `other_heads`.

    Args:
        *feature_maps: Each [batch, height_i, width_i, depth], float32.
        config: Text of a `Hyperparams` proto.
        num_classes: Classes without background.
        is_training: Whether the predictor is built for training.
        shared: Whether the feature maps share their weights.
        use_depthwise: Whether the heads are separable, where they can be.
        masks_are_class_agnostic: Whether there is one mask for all classes.

    Returns:
        As `box_predictor`, and `mask_predictions`, a list of [batch, anchors_i, masks, 5, 5].
    """
    anchors = 2
    make = _shared_masks if shared else _separate_masks
    predictor = make(
        _hyperparams(config, is_training),
        num_classes,
        is_training,
        use_depthwise,
        masks_are_class_agnostic,
    )
    return predictor.predict(list(feature_maps), [anchors] * len(feature_maps))


def _separate_masks(
    scope: Any, num_classes: int, is_training: bool, use_depthwise: bool, agnostic: bool
) -> Any:
    dropout = {"use_dropout": True, "dropout_keep_prob": 0.8}
    mask = mask_head.ConvolutionalMaskHead(
        is_training=is_training,
        num_classes=num_classes,
        kernel_size=3,
        use_depthwise=use_depthwise,
        mask_height=5,
        mask_width=5,
        masks_are_class_agnostic=agnostic,
        **dropout,
    )
    return convolutional_box_predictor.ConvolutionalBoxPredictor(
        is_training=is_training,
        num_classes=num_classes,
        box_prediction_head=box_head.ConvolutionalBoxHead(
            is_training=is_training, box_code_size=4, kernel_size=3, use_depthwise=use_depthwise
        ),
        class_prediction_head=class_head.ConvolutionalClassHead(
            is_training=is_training,
            num_class_slots=num_classes + 1,
            kernel_size=3,
            use_depthwise=use_depthwise,
            **dropout,
        ),
        other_heads={box_predictor_core.MASK_PREDICTIONS: mask},
        conv_hyperparams_fn=scope,
        num_layers_before_predictor=1,
        min_depth=8,
        max_depth=16,
    )


def _shared_masks(
    scope: Any, num_classes: int, is_training: bool, use_depthwise: bool, agnostic: bool
) -> Any:
    mask = mask_head.WeightSharedConvolutionalMaskHead(
        num_classes=num_classes,
        kernel_size=3,
        use_dropout=True,
        dropout_keep_prob=0.8,
        mask_height=5,
        mask_width=5,
        masks_are_class_agnostic=agnostic,
    )
    return convolutional_box_predictor.WeightSharedConvolutionalBoxPredictor(
        is_training=is_training,
        num_classes=num_classes,
        box_prediction_head=box_head.WeightSharedConvolutionalBoxHead(
            box_code_size=4, use_depthwise=use_depthwise
        ),
        class_prediction_head=class_head.WeightSharedConvolutionalClassHead(
            num_class_slots=num_classes + 1, use_depthwise=use_depthwise
        ),
        other_heads={box_predictor_core.MASK_PREDICTIONS: mask},
        conv_hyperparams_fn=scope,
        depth=16,
        num_layers_before_predictor=2,
        apply_batch_norm=True,
        use_depthwise=use_depthwise,
    )


# --------------------------------------------------------------------------- hyperparameters


def hyperparams(
    features: Any, configs: Dict[str, str], is_training: bool, use_depthwise: bool = False
) -> Tensors:
    """Applies scopes of several `Hyperparams` protos to the layers of a small box predictor.

    Args:
        features: [batch, height, width, depth], float32.
        configs: Text of a proto by the name of the variable scope it gets.
        is_training: Given to the hyperparameters and the predictor.
        use_depthwise: Whether the predictor's heads are separable convolutions.

    Returns:
        What the predictor returns, by name of the configuration.
    """
    found: Tensors = {}
    for name in sorted(configs):
        predictor = box_predictor_builder.build_convolutional_box_predictor(
            is_training=is_training,
            num_classes=3,
            conv_hyperparams_fn=_hyperparams(configs[name], is_training),
            min_depth=0,
            max_depth=32,
            num_layers_before_predictor=1,
            use_dropout=False,
            dropout_keep_prob=1.0,
            kernel_size=3,
            box_code_size=4,
            use_depthwise=use_depthwise,
        )
        found[name] = predictor.predict([features], [2], scope=name)
    return found


def fully_connected_hyperparams(
    features: Any, configs: Dict[str, str], is_training: bool
) -> Tensors:
    """Applies scopes for fully connected layers to the box and class heads of Mask R-CNN.

    Args:
        features: [n, height, width, depth], float32.
        configs: Text of a `Hyperparams` proto with `op: FC`, by name of its variable scope.
        is_training: Given to the hyperparameters and the heads.

    Returns:
        By name of the configuration, `box_encodings` [n, 1, 3, 4] and
        `class_predictions_with_background` [n, 1, 4].
    """
    found: Tensors = {}
    for name in sorted(configs):
        predictor = box_predictor_builder.build_mask_rcnn_box_predictor(
            is_training=is_training,
            num_classes=3,
            fc_hyperparams_fn=_hyperparams(configs[name], is_training),
            use_dropout=False,
            dropout_keep_prob=1.0,
            box_code_size=4,
        )
        found[name] = predictor.predict([features], [1], scope=name, prediction_stage=BOX_STAGE)
    return found


def refused_hyperparams(features: Any, configs: Dict[str, str], is_training: bool) -> Tensors:
    """Gathers what the builder says of protos that it takes for Keras layers only.

    Args:
        features: Returned beside the messages, since a case needs a tensor.
        configs: Text of a `Hyperparams` proto by name.
        is_training: Given to the builder.

    Returns:
        The text of each ValueError by name, None where there was none.
    """
    found: Tensors = {"features": tf.identity(features)}
    for name in sorted(configs):
        try:
            _hyperparams(configs[name], is_training)
        except ValueError as error:
            found[name] = str(error)
        else:
            found[name] = None
    return found


# ---------------------------------------------------------------------- feature map generators


def multi_resolution_feature_maps(
    *image_features: Any,
    names: Sequence[str],
    layout: Dict[str, Any],
    insert_1x1_conv: bool = True,
    depth_multiplier: float = 1.0,
    min_depth: int = 8,
    pool_residual: bool = False,
) -> Tensors:
    """Makes the feature maps of an SSD from endpoints of a backbone.

    Args:
        *image_features: Each [batch, height_i, width_i, depth_i], float32.
        names: Names of the endpoints, in the order of `image_features`.
        layout: `from_layer`, `layer_depth` and options, as feature extractors give them.
        insert_1x1_conv: Whether a 1x1 convolution halves the depth before each new map.
        depth_multiplier: Factor of all depths.
        min_depth: Least depth.
        pool_residual: Whether a pooled residual is added where depths match.

    Returns:
        The feature maps by name, each [batch, height_i, width_i, depth_i].
    """
    return feature_map_generators.multi_resolution_feature_maps(
        feature_map_layout=layout,
        depth_multiplier=depth_multiplier,
        min_depth=min_depth,
        insert_1x1_conv=insert_1x1_conv,
        image_features=dict(zip(names, image_features)),
        pool_residual=pool_residual,
    )


def fpn_top_down_feature_maps(
    *image_features: Any,
    depth: int,
    use_depthwise: bool = False,
    use_explicit_padding: bool = False,
    use_bounded_activations: bool = False,
    use_native_resize_op: bool = False,
    scope: str | None = None,
) -> Tensors:
    """Makes the top-down maps of a feature pyramid.

    Args:
        *image_features: Each [batch, height_i, width_i, depth_i], float32, finest first.
        depth: Depth of every map.
        use_depthwise: Whether smoothing convolutions are separable.
        use_explicit_padding: Whether padding is made by hand.
        use_bounded_activations: Whether activations are clipped to [-6, 6].
        use_native_resize_op: Whether upsampling resizes, in place of reshaping.
        scope: Name scope of the generator.

    Returns:
        The maps by name, each [batch, height_i, width_i, depth].
    """
    pairs = [(f"block{place}", tensor) for place, tensor in enumerate(image_features)]
    return feature_map_generators.fpn_top_down_feature_maps(
        pairs,
        depth=depth,
        use_depthwise=use_depthwise,
        use_explicit_padding=use_explicit_padding,
        use_bounded_activations=use_bounded_activations,
        use_native_resize_op=use_native_resize_op,
        scope=scope,
    )


def pooling_pyramid_feature_maps(
    features: Any, base_depth: int, num_layers: int, replace_pool_with_conv: bool
) -> Tensors:
    """Makes a pyramid by pooling, or by convolutions of stride 2.

    Args:
        features: [batch, height, width, depth], float32.
        base_depth: Depth of the first convolution; 0 for none.
        num_layers: Number of maps.
        replace_pool_with_conv: Whether convolutions take the place of pooling.

    Returns:
        The maps by name, each [batch, height_i, width_i, depth].
    """
    return feature_map_generators.pooling_pyramid_feature_maps(
        base_feature_map_depth=base_depth,
        num_layers=num_layers,
        image_features={"image_features": features},
        replace_pool_with_conv=replace_pool_with_conv,
    )


# ------------------------------------------------------------------------------- model_deploy


def model_deploy_clones(
    images: Any, labels: Any, network: str, num_clones: int, is_training: bool
) -> Tensors:
    """Builds clones of a small classifier and sums their losses and gradients.

    Graphs only: the clones meet in collections, and the optimizer differentiates the graph.

    Args:
        images: [batch, height, width, channels], float32.
        labels: Class of each image, [batch], int32.
        network: A name that `nets_factory` knows.
        num_clones: Number of clones, all on the CPU.
        is_training: Whether the network drops activations out.

    Returns:
        `total_loss` (scalar), `clones` (logits [batch, 10] of each), and `gradients`, by the
        name of the variable, each of its shape.
    """
    # Imported here because it loads every network: one that fails must not take the other parts
    # with it. Likewise the feature extractor below, which loads the meta-architecture.
    from deployment import model_deploy
    from nets import nets_factory

    function = nets_factory.get_network_fn(
        network, num_classes=10, weight_decay=0.0004, is_training=is_training
    )

    def classify(inputs: Any, classes: Any) -> Any:
        logits, _ = function(inputs)
        tf.losses.softmax_cross_entropy(tf.one_hot(classes, 10), logits)
        return logits

    config = model_deploy.DeploymentConfig(num_clones=num_clones, clone_on_cpu=True)
    clones = model_deploy.create_clones(config, classify, [images, labels])
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    total_loss, pairs = model_deploy.optimize_clones(clones, optimizer)
    return {
        "total_loss": total_loss,
        "clones": {str(place): clone.outputs for place, clone in enumerate(clones)},
        "gradients": {variable.op.name: gradient for gradient, variable in pairs},
    }


# ------------------------------------------------------------------- MobileNet v3 SSDLite


def mobilenet_v3_ssdlite(
    images: Any,
    feature_hyperparams: str,
    predictor: str,
    anchors: str,
    num_classes: int,
    is_training: bool,
) -> Tensors:
    """Builds the SSDLite MobileNet v3 (large) from its parts, without the meta-architecture.

    Args:
        images: Preprocessed images, [batch, height, width, 3], float32.
        feature_hyperparams: Text of the feature extractor's `Hyperparams`, which override those of
            the backbone.
        predictor: Text of a `BoxPredictor` proto.
        anchors: Text of an `AnchorGenerator` proto.
        num_classes: Classes without background.
        is_training: Whether extractor and predictor are built for training.

    Returns:
        `feature_maps` (list of [batch, height_i, width_i, depth_i]), `anchors` (list of
        [anchors_i, 4] in normalised coordinates), `box_encodings` and
        `class_predictions_with_background` (lists, as `box_predictor`).
    """
    from object_detection.models import ssd_mobilenet_v3_feature_extractor as extractors

    extractor = extractors.SSDMobileNetV3LargeFeatureExtractor(
        is_training=is_training,
        depth_multiplier=1.0,
        min_depth=16,
        pad_to_multiple=1,
        conv_hyperparams_fn=_hyperparams(feature_hyperparams, is_training),
        use_depthwise=True,
        override_base_feature_extractor_hyperparams=True,
    )
    generator = anchor_generator_builder.build(
        text_format.Parse(anchors, anchor_generator_pb2.AnchorGenerator())
    )
    feature_maps = extractor.extract_features(images)
    found = collections.OrderedDict(feature_maps=feature_maps)
    found["anchors"] = _anchors(generator, feature_maps, images)
    found.update(
        _box_predictor(predictor, is_training, num_classes).predict(
            feature_maps, generator.num_anchors_per_location()
        )
    )
    return found


def _anchors(generator: Any, feature_maps: Sequence[Any], images: Any) -> List[Any]:
    sizes = [tuple(int(size) for size in _sizes(feature_map)) for feature_map in feature_maps]
    height, width = _sizes(images)
    boxes = generator.generate(sizes, im_height=int(height), im_width=int(width))
    return [box_list.get() for box_list in boxes]


def _sizes(tensor: Any) -> Any:
    return tensor.get_shape().as_list()[1:3]
