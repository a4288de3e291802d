"""TensorFlow 1's own symbols, wherever no other rule takes them."""

from slimport.index.program import Function, Reference
from slimport.rewrite.aliases import CODE, NAME
from slimport.rewrite.rule import Example, Keep, Outcome, Refusal, Rule
from slimport.rewrite.site import CallSite, FileFacts, ValueSite
from slimport.rewrite.tf1 import BY_HAND, INSTEAD

# Names that no tensor passes through.
_NEUTRAL = (
    "tf.logging", "tf.flags", "tf.app", "tf.gfile", "tf.GraphKeys", "tf.errors", "tf.newaxis",
    "tf.device", "tf.keras", "tf.Tensor", "tf.TensorShape", "tf.Variable", "tf.constant",
    "tf.float", "tf.int", "tf.uint", "tf.bool", "tf.string", "tf.DType", "tf.bfloat16", "tf.half",
    "tf.summary", "tf.compat", "tf.__version__", "tf.zeros", "tf.ones", "tf.range", "tf.Dimension",
    "tf.VERSION", "tf.version", "tf.estimator", "tf.train", "tf.io", "tf.data", "tf.contrib",
    "tf.initializers", "tf.regularizers", "tf.test", "tf.executing_eagerly", "tf.name_scope",
)  # fmt: skip

_GONE = "TensorFlow 2.16 took it out."
_WHY = {"": "TensorFlow 1 had no such public name either: an inner module, or a typing error."}


class _SymbolRule(Rule):
    """Stays, takes its TF 2 name, or moves to tf.compat.v1: proved by object identity."""

    def call(self, site: CallSite) -> Outcome:
        return self._symbol(site)

    def value(self, site: ValueSite) -> Outcome:
        return self._symbol(site)

    def _symbol(self, site: CallSite | ValueSite) -> Outcome:
        return site.file.tf1(site) if site.file.is_tf1() else Keep()

    def keeps(self, reference: Reference, function: Function, file: FileFacts) -> bool:
        return not file.is_tf1() or file.keeps_tf1(reference)

    def blocks_keras_tensors(self, reference: Reference) -> str | None:
        name = reference.api.name
        if name.replace("tf.compat.v2.", "tf.").startswith(_NEUTRAL):
            return None
        return f"{name} has no keras.ops equivalent"


TF1_SYMBOLS = _SymbolRule(
    code=CODE,
    name=NAME,
    summary="tf.log -> tf.math.log, tf.to_float -> tf.compat.v1.to_float ...",
    apis=("tf.*",),
    details=(
        "The table slimport/data/tf1_symbols.json says for each symbol whether TF 2.21 has the "
        "very same object under this or another name. Where it is another one, calls that mean "
        "the same are TensorFlow 2's, with its names for keywords (`keep_dims=True`, `dim=1`), and "
        "the rest are those of tf.compat.v1. A file that names no TF 1 symbol stays."
    ),
    refuses=tuple(
        Refusal("… is not part of TensorFlow 2", _WHY.get(package, _GONE), advice)
        for package, advice in {"": BY_HAND, **INSTEAD}.items()
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf


def net(boxes, scores):
    area = tf.log(tf.to_float(boxes))
    chosen = tf.where(scores > 0.5, area, tf.zeros_like(area))
    return tf.reduce_sum(chosen, axis=1)
""",
            after="""
import tensorflow as tf


def net(boxes, scores):
    area = tf.math.log(tf.cast(boxes, tf.float32))
    chosen = tf.compat.v1.where(scores > 0.5, area, tf.zeros_like(area))
    return tf.reduce_sum(chosen, axis=1)
""",
            inputs=((3, 4), (3, 4)),
        ),
        Example(
            title="keywords that have another name now",
            before="""
import tensorflow as tf


def net(scores, **options):
    shares = tf.nn.softmax(tf.log(scores), dim=1)
    best = tf.argmax(shares, dimension=1, output_type=tf.int32)
    largest = tf.reduce_max(shares, reduction_indices=[1], keep_dims=True, **options)
    lengths = tf.norm(shares, axis=1, keep_dims=True) / tf.reduce_sum(shares, 1, keep_dims=True)
    return tf.expand_dims(best, dim=1), largest, lengths
""",
            after="""
import tensorflow as tf


def net(scores, **options):
    shares = tf.nn.softmax(tf.math.log(scores), axis=1)
    best = tf.argmax(shares, axis=1, output_type=tf.int32)
    largest = tf.compat.v1.reduce_max(shares, reduction_indices=[1], keep_dims=True, **options)
    lengths = tf.norm(shares, axis=1, keepdims=True) / tf.reduce_sum(shares, 1, keepdims=True)
    return tf.expand_dims(best, axis=1), largest, lengths
""",
            inputs=((3, 4),),
        ),
    ),
)
