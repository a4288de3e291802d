"""What TensorFlow 0.12 computed with names and calls that TensorFlow 1.0 took away.

Writes tf_0_12.json; run once with CPython 2.7 and tensorflow==0.12.1. The tests rewrite this file
and run it on TensorFlow 2.
"""

import json

import numpy as np
import tensorflow as tf


def results():
    draw = np.random.RandomState(3)
    a = tf.constant(draw.uniform(0.5, 2.0, [2, 4, 6]).astype("float32"))
    b = tf.constant(draw.uniform(0.5, 2.0, [2, 4, 6]).astype("float32"))
    square = tf.batch_matmul(a, b, adj_y=True) + 3.0 * np.eye(4, dtype="float32")
    images = tf.constant(draw.uniform(0.0, 9.0, [2, 4, 6, 3]).astype("float32"))
    logits = tf.constant(draw.uniform(-2.0, 2.0, [5, 3]).astype("float32"))
    labels = tf.constant(draw.dirichlet([1.0, 1.0, 1.0], 5).astype("float32"))
    complex_numbers = tf.complex(a, b)
    first, second = tf.split(2, 2, a)
    rows = tf.unpack(b, axis=1)
    return {
        "mul": tf.mul(a, b),
        "sub": tf.sub(a, b),
        "neg": tf.neg(a),
        "pack": tf.pack([a, b], axis=1),
        "unpack": rows[1] - rows[0],
        "select": tf.select(a > b, a, tf.neg(b)),
        "select_rows": tf.select(tf.constant([True, False]), a, b),
        "batch_matmul": square,
        "complex_abs": tf.complex_abs(complex_numbers),
        "concat": tf.concat(1, [a, b]),
        "concat_dim": tf.concat(concat_dim=2, values=[b, a]),
        "concat_v2": tf.concat_v2([a, b], 0),
        "split": first - second,
        "reverse": tf.reverse(a, [False, True, True]),
        "resize_images": tf.image.resize_images(images, [3, 9], align_corners=True),
        "sigmoid": tf.nn.sigmoid_cross_entropy_with_logits(logits, labels),
        "softmax": tf.nn.softmax_cross_entropy_with_logits(logits, labels),
        "sparse_softmax": tf.nn.sparse_softmax_cross_entropy_with_logits(
            logits, tf.constant([0, 2, 1, 1, 0])),
        "mean": tf.reduce_mean(a, reduction_indices=[1], keep_dims=True),
    }


def main():
    with tf.Session() as session:
        values = session.run(results())
    with open("tf_0_12.json", "w") as file:
        json.dump({name: np.asarray(v).tolist() for name, v in values.items()}, file, sort_keys=True)


if __name__ == "__main__":
    main()
