"""Entry of tf-faster-rcnn: MobileNet without the detector around it.

The detector's other layers need compiled extensions and OpenCV, which the backbone never calls.
Runs under CPython 3.7.
"""

import absent

absent.install(
    "cv2", "easydict", "matplotlib", "nms", "PIL", "pycocotools", "utils.cython_bbox", "yaml"
)


class _Attributes(dict):
    """What `easydict.EasyDict` is: the configuration is made of it."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


import easydict  # noqa: E402

easydict.EasyDict = _Attributes

from nets import mobilenet_v1 as mobilenet  # noqa: E402


def mobilenet_v1(images):
    """Calls the backbone.

    Args:
        images: float32 [batch, height, width, 3].

    Returns:
        float32 [batch, height / 16, width / 16, 1024].
    """
    return mobilenet.mobilenet_v1_base(images, mobilenet._CONV_DEFS, scope="MobilenetV1")
