"""The one manual step that the migrated Object Detection API needs with TensorFlow 2 behaviour on.

The API asks `tf_version` which half of itself to load: slim's under TensorFlow 1, that of Keras 2
under TensorFlow 2. Migrated, the former runs under the latter; the other half takes names that
Keras 3 lacks when it is imported. In a TensorFlow 1 graph, with TensorFlow 2 behaviour off, nothing
is to be chosen.

It runs under CPython 3.7.
"""

from object_detection.utils import tf_version


def choose():
    """To be called before anything else of the API is imported."""
    if tf_version.is_tf2():
        tf_version.is_tf1, tf_version.is_tf2 = (lambda: True), (lambda: False)
