"""Static shapes: get_shape().as_list(), .shape[i].value."""

import libcst as cst

from slimport.index.program import Function, Reference
from slimport.index.shapes import COMPARED, IN_TEXT, SIZES_AS_OBJECTS, UNKNOWN_SIZES
from slimport.rewrite.rule import Example, Keep, Leave, Outcome, Refusal, Rule
from slimport.rewrite.site import FileFacts, ValueSite

_MARKED = (f"tensor.{SIZES_AS_OBJECTS}", f"tensor.{UNKNOWN_SIZES}")


class _ShapeRule(Rule):
    """A KerasTensor has no get_shape() and its shape is a tuple."""

    def value(self, site: ValueSite) -> Outcome:
        kind = site.short
        if site.api == f"tensor.{UNKNOWN_SIZES}" and site.file.is_tf1():
            return Leave(
                "TF 1 called unknown sizes neither equal nor unequal",
                "compare the sizes that matter",
            )
        if site.api == f"tensor.{SIZES_AS_OBJECTS}" and site.file.is_tf1():
            return Leave("TF 1 took unknown sizes for true and never for None", "ask as_list()")
        if not site.in_keras_code:
            return self._tensorflow(kind, site)
        if site.api == f"tensor.{IN_TEXT}":  # "%s" % (1, 2) wants two places
            return cst.Tuple([cst.Element(_shape(site.node), comma=cst.Comma())])
        if kind == "as_list":
            return cst.Call(cst.Name("list"), [cst.Arg(_shape(_callee(site.node)))])
        if kind == "ndims":
            return cst.Call(cst.Name("len"), [cst.Arg(_shape(_object(site.node)))])
        if kind == "value":
            return _object(site.node)
        return _shape(site.node)

    @staticmethod
    def _tensorflow(kind: str, site: ValueSite) -> Outcome:
        """In TensorFlow code only ``.value`` fails: TF 2's dimensions are plain integers."""
        if kind != "value" or not site.file.is_tf1():
            return Keep()
        name = site.file.tensorflow("compat.dimension_value", "tensorflow")
        return cst.Call(name, [cst.Arg(_object(site.node))])

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        if reference.api.name == f"tensor.{IN_TEXT}":
            return not file.uses_keras_ops(function)
        if _is_of_shapes(reference):
            return reference.api.name not in _MARKED or not file.is_tf1()
        dimension = reference.api.name == "tensor.value" and file.is_tf1()
        return not file.uses_keras_ops(function) and not dimension

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        if reference.api.name == "tensor.set_shape":
            return "set_shape needs a TensorFlow tensor"
        if reference.api.name == f"tensor.{IN_TEXT}":
            return None
        if reference.api.name in (f"tensor.{COMPARED}", *_MARKED):
            return "a shape is compared, and that of a KerasTensor is a tuple"
        if reference.api.name == "tensor.dtype":
            return "a dtype is asked for more than that of a KerasTensor, a string, tells"
        if _is_of_shapes(reference):
            method = reference.api.name.rpartition(".")[2]
            return f"{method} is asked of a shape, which is a tuple in Keras"
        return None


def _is_of_shapes(reference: Reference) -> bool:
    """Whether only a `tf.TensorShape` has it, or only a `tf.DType`."""
    return reference.api.name.startswith(("tensor.shape.", "tensor.dtype"))


def _object(node: cst.BaseExpression) -> cst.BaseExpression:
    assert isinstance(node, cst.Attribute)
    return node.value


def _callee(node: cst.BaseExpression) -> cst.BaseExpression:
    """``<x>.as_list()`` -> ``<x>``."""
    assert isinstance(node, cst.Call)
    return _object(node.func)


def _shape(node: cst.BaseExpression) -> cst.BaseExpression:
    """``x.get_shape()`` -> ``x.shape``; a shape stays."""
    if isinstance(node, cst.Call):
        return cst.Attribute(_object(node.func), cst.Name("shape"))
    return node


TENSOR_SHAPE = _ShapeRule(
    code="SLIM303",
    name="tensor_shape",
    summary="x.get_shape().as_list() -> list(x.shape); x.shape[1].value -> x.shape[1]",
    apis=(
        "tensor.get_shape",
        "tensor.as_list",
        "tensor.ndims",
        "tensor.value",
        "tensor.set_shape",
        "tensor.shape.*",
        "tensor.dtype",
    ),
    numbers="Shapes are whole numbers: nothing is computed.",
    details=(
        "TensorFlow 1 had an object for each size, also for one that it did not know. Two unknown "
        "sizes were neither equal nor unequal there; in Keras and TensorFlow 2 both are None. "
        "Code that may depend on it is marked: shapes that are compared as a whole, and `!=` with "
        "a size, unless only an error hangs on it, or the size is that of channels (`[-1]`, "
        "`[3]`), which layers know. `==` of two sizes stays unmarked: where both are unknown it "
        "is true now. A size beside None becomes what it always was (SLIM312)."
    ),
    refuses=(
        Refusal(
            "TF 1 called unknown sizes neither equal nor unequal",
            "A net that projects where shapes differ did so for each batch of unknown size.",
            "compare the sizes that matter",
        ),
        Refusal(
            "TF 1 took unknown sizes for true and never for None",
            "`x.get_shape()[0] or 32` was no number there for a batch of unknown size.",
            "ask as_list()",
        ),
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images = slim.conv2d(images, 4, 1, scope='conv')
    height, width = images.get_shape().as_list()[1:3]
    depth = images.get_shape()[3].value
    return tf.reshape(images, [-1, height * width * depth])
""",
            after="""
import keras


def net(images):
    images = keras.layers.Conv2D(4, 1, padding="same", activation="relu", name="conv")(images)
    height, width = list(images.shape)[1:3]
    depth = images.shape[3]
    return keras.ops.reshape(images, [-1, height * width * depth])
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(  # a part of a shape is a shape; its rank is the tuple's length
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    size = images.get_shape()[1:3].as_list()
    if images.shape.rank == 4 and images.get_shape()[1:].ndims == 3:
        images = slim.conv2d(images, size[0], 1, scope='conv')
    return tf.nn.relu(images)
""",
            after="""
import keras


def net(images):
    size = list(images.shape[1:3])
    if len(images.shape) == 4 and len(images.shape[1:]) == 3:
        images = keras.layers.Conv2D(
            size[0], 1, padding="same", activation="relu", name="conv"
        )(images)
    return keras.ops.relu(images)
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(  # only a TensorShape can check itself: the function stays TensorFlow's
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    images.get_shape().assert_has_rank(4)
    images.get_shape()[1:].assert_is_fully_defined()
    images = slim.conv2d(images, images.get_shape().as_list()[3], 1, scope='conv')
    return tf.nn.relu(images)
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    images.get_shape().assert_has_rank(4)
    images.get_shape()[1:].assert_is_fully_defined()
    images = conv2d(images, images.get_shape().as_list()[3], 1, name='conv')
    return tf.nn.relu(images)
""",
            inputs=((1, 4, 4, 3),),
        ),
        Example(
            title="shapes that are compared as a whole",
            before="""
import tensorflow as tf
import tf_slim as slim


def net(images):
    net = slim.conv2d(images, 4, 3, scope='conv')
    assert net.get_shape()[1:] == [4, 4, 4]
    if net.get_shape() == images.get_shape():
        return net + images
    return net + slim.conv2d(images, 4, 1, scope='project')
""",
            after="""
import tensorflow as tf

from scoped_layers import conv2d


def net(images):
    net = conv2d(images, 4, 3, name='conv')
    assert net.get_shape()[1:] == [4, 4, 4]
    # TODO(slimport): SLIM303 TF 1 called unknown sizes neither equal nor unequal; compare the
    #   sizes that matter
    if net.get_shape() == images.get_shape():
        return net + images
    return net + conv2d(images, 4, 1, name='project')
""",
        ),
    ),
)
