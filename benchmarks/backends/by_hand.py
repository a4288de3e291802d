"""What is changed by hand in a network before it is rewritten, so that no TensorFlow is left in it.

docs/backends.md says why: what these lines ask, only TensorFlow's graph and operations can answer.
"""

from __future__ import annotations

from pathlib import Path

MOBILENET = Path("nets/mobilenet/mobilenet.py")

#: Beginning and end of what goes, the end excluded, and what comes instead.
CHANGES = (
    (
        "      scope = os.path.dirname(net.name)\n",
        "      if final_endpoint is not None and end_point == final_endpoint:\n",
        "",
    ),
    ("    # Add all tensors that end with 'output' to\n", "    return net, end_points\n", ""),
    (
        "def global_pool(input_tensor",
        "def training_scope(",
        "def global_pool(input_tensor, use_reduce_mean_for_pooling=True):\n"
        "  return tf.reduce_mean(input_tensor, [1, 2], keepdims=True)\n\n\n",
    ),
)


def change(tree: Path) -> None:
    """Changes a copy of the published networks; a tree without MobileNet v2 stays as it is.

    Raises:
        ValueError: If its lines are not those that are known.
    """
    path = tree / MOBILENET
    if not path.exists():
        return
    text = path.read_text("utf-8")
    for begin, end, new in CHANGES:
        first = text.index(begin)
        text = text[:first] + new + text[text.index(end, first) :]
    path.write_text(text, "utf-8")
