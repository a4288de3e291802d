"""tf.contrib.layers.embed_sequence and bow_encoder."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example

EMBEDDINGS = RenamedRule(
    code="SLIM148",
    name="embeddings",
    summary="tf.contrib.layers.embed_sequence, bow_encoder -> embeddings",
    apis=("slim.bow_encoder", "slim.embed_sequence"),
    details=(
        "An id out of range stays an error on a CPU, where keras.layers.Embedding counts "
        "negative ones from the end. A sparse bow_encoder leaves zeros and negative ids out."
    ),
    numbers=(
        "Without an initializer the vectors are Glorot uniform, or drawn as the variable scope "
        "says; keras.layers.Embedding draws from -0.05 to 0.05."
    ),
    examples=(
        Example(
            before="""
import tensorflow as tf


def net(words):
    vectors = tf.contrib.layers.embed_sequence(words, vocab_size=20, embed_dim=4)
    return tf.contrib.layers.fully_connected(vectors, 3, activation_fn=None)
""",
            after="""
from scoped_layers import embed_sequence, fully_connected


def net(words):
    vectors = embed_sequence(words, vocab_size=20, embed_dim=4)
    return fully_connected(vectors, 3, activation=None)
""",
            inputs=((5, 6),),
            dtypes=("int32",),
        ),
        Example(
            title="vectors that two sequences share",
            before="""
import tensorflow as tf
from tensorflow.contrib import layers


def net(questions, answers):
    questions = layers.embed_sequence(
        questions, 20, 4, unique=True, scope='words',
        initializer=tf.random_uniform_initializer(-1.0, 1.0),
        regularizer=layers.l2_regularizer(0.01))
    answers = layers.embed_sequence(answers, scope='words', reuse=True)
    return tf.concat([questions, answers], 1)
""",
            after="""
import keras

from scoped_layers import embed_sequence


def net(questions, answers):
    questions = embed_sequence(
        questions, 20, 4, unique=True, scope='words',
        initializer=keras.initializers.RandomUniform(-1.0, 1.0),
        regularizer=keras.regularizers.L2(0.5 * 0.01))
    answers = embed_sequence(answers, scope='words', reuse=True)
    return keras.ops.concatenate([questions, answers], 1)
""",
            inputs=((5, 6), (5, 3)),
            dtypes=("int64", "int64"),
        ),
        Example(
            title="bags of words",
            before="""
import tensorflow as tf
from tensorflow.contrib import slim
from tensorflow.contrib.layers.python.layers import encoders


def net(words):
    padded = encoders.bow_encoder(words, vocab_size=20, embed_dim=4)
    plain = slim.bow_encoder(words, 20, 4, sparse_lookup=False, scope='plain')
    return tf.concat([padded, plain], 1)
""",
            after="""
import keras

from scoped_layers import bow_encoder


def net(words):
    padded = bow_encoder(words, vocab_size=20, embed_dim=4)
    plain = bow_encoder(words, 20, 4, sparse_lookup=False, scope='plain')
    return keras.ops.concatenate([padded, plain], 1)
""",
            inputs=((5, 6),),
            dtypes=("int32",),
        ),
        Example(
            title="unpacked arguments, and another function of the name",
            before="""
import tensorflow as tf
from mine import embed_sequence


def net(words, params):
    words = embed_sequence(words, 20)
    return tf.contrib.layers.embed_sequence(words, **params)
""",
            after="""
from mine import embed_sequence

from scoped_layers import embed_sequence as scoped_embed_sequence


def net(words, params):
    words = embed_sequence(words, 20)
    return scoped_embed_sequence(words, **params)
""",
        ),
    ),
)
