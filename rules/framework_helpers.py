"""tf.contrib.framework: what is no variable and no scope, but a few lines."""

from slimport.index.program import Reference
from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

_PACKAGE = "tf.contrib.framework."
_PYTHON_ALONE = ("deprecated", "get_name_scope")


class _HelperRule(RenamedRule):
    """The same functions in the written module."""

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        if name.endswith("get_name_scope"):
            return f"{name} asks for a scope of TensorFlow's operations"
        return None if name.endswith(_PYTHON_ALONE) else f"{name} looks at tensors of TensorFlow"


FRAMEWORK_HELPERS = _HelperRule(
    code="SLIM344",
    name="framework_helpers",
    summary="tf.contrib.framework.smart_cond, get_name_scope ... -> the written module's",
    apis=tuple(
        f"{_PACKAGE}{name}"
        for name in (
            "deprecated",
            "get_name_scope",
            "get_placeholders",
            "smart_cond",
            "smart_constant_value",
        )
    ),
    names=(("smart_cond", "smart_branch"), ("smart_constant_value", "smart_value")),
    details=(
        "What else the package has is marked (SLIM499). TensorFlow 1.15 tried to run a condition "
        "made of constants when the graph was built; the new function knows what "
        "tf.get_static_value knows and leaves the rest to tf.cond, with the same result. "
        "A deprecated function warns without the line of its caller, and keeps its docstring."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
from tensorflow.contrib import slim


def net(images, bright):
    images = slim.conv2d(images, 4, 1, scope='conv')
    images = tf.contrib.framework.smart_cond(True, lambda: images * 2.0, false_fn=lambda: images)
    assert tf.contrib.framework.smart_constant_value(1)
    return tf.contrib.framework.smart_cond(
        tf.reduce_mean(bright) > 0.5, lambda: images + 1.0, lambda: images - 1.0, name='bright')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d, smart_branch, smart_value


def net(images, bright):
    images = conv2d(images, 4, 1, name='conv')
    images = smart_branch(True, lambda: images * 2.0, false_fn=lambda: images)
    assert smart_value(1)
    return smart_branch(
        tf.reduce_mean(bright) > 0.5, lambda: images + 1.0, lambda: images - 1.0, name='bright')
""",
            inputs=((2, 4, 4, 3), (7,)),
        ),
        Example(
            title="names, placeholders and a warning",
            before="""
import tensorflow as tf
from tensorflow.contrib.framework import get_name_scope


@tf.contrib.framework.deprecated(None, 'Use model_main.py.')
def main(graph):
    with tf.name_scope('tower_0'):
        print(get_name_scope())
    return tf.contrib.framework.get_placeholders(graph)
""",
            after="""
import tensorflow as tf

from scoped_layers import deprecated, get_name_scope, get_placeholders


@deprecated(None, 'Use model_main.py.')
def main(graph):
    with tf.compat.v1.name_scope('tower_0'):
        print(get_name_scope())
    return get_placeholders(graph)
""",
        ),
        Example(
            title="what stays, and what is another's",
            before="""
import tensorflow as tf
from mine import smart_cond


def net(images, *branches):
    images = smart_cond(True, lambda: images, lambda: images)
    images = tf.contrib.framework.smart_cond(*branches)
    return tf.contrib.framework.smart_case([(True, lambda: images)])
""",
            after="""
import tensorflow as tf
from mine import smart_cond

from scoped_layers import smart_branch


def net(images, *branches):
    images = smart_cond(True, lambda: images, lambda: images)
    images = smart_branch(*branches)
    # TODO(slimport): SLIM499 tf.contrib.framework.smart_case: tf.case has it for tensors; use
    #   tf.case, or Python ifs
    return tf.contrib.framework.smart_case([(True, lambda: images)])
""",
        ),
    ),
)
