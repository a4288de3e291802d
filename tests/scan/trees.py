"""Small trees for the tests of scan."""

from __future__ import annotations

import textwrap
from pathlib import Path

#: One closed network, one that a caller runs under a scope, a session script, what stays.
PROGRAM = {
    "nets/__init__.py": "",
    "nets/small.py": """
        import tensorflow as tf
        slim = tf.contrib.slim


        def small(images):
            net = slim.conv2d(images, 8, [3, 3], scope='conv1')
            net = slim.conv2d(net, 8, [3, 3], scope='conv2')
            return slim.flatten(net)
        """,
    "nets/scoped.py": """
        import tensorflow as tf
        from tensorflow.contrib import slim


        def scoped(images):
            return slim.conv2d(images, 8, [3, 3], scope='conv1')


        def caller(images):
            with slim.arg_scope([slim.conv2d], stride=2):
                return scoped(images)
        """,
    "train.py": """
        import tensorflow as tf
        from nets.small import small


        def main():
            images = tf.placeholder(tf.float32, [None, 8, 8, 3])
            loss = tf.reduce_mean(small(images))
            train_op = tf.train.AdamOptimizer(0.1).minimize(loss)
            saver = tf.train.Saver()
            with tf.Session() as sess:
                sess.run(tf.global_variables_initializer())
                saver.restore(sess, 'model.ckpt')
                sess.run(train_op, feed_dict={images: batch()})


        if __name__ == '__main__':
            main()
        """,
    "quantize.py": """
        import tensorflow as tf

        tf.contrib.quantize.create_eval_graph()
        """,
    "plain.py": "import os\n\nprint(os.name)\n",
    "data.py": "import tensorflow as tf\n\nsize = tf.constant(3)\n",
}


def make(folder: Path, files: dict[str, str]) -> Path:
    """Writes the files below `folder`, which it returns."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    return folder
