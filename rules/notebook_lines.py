"""What notebooks install, and cells of theirs that are no Python."""

from dataclasses import dataclass

from slimport.notebooks.installs import ASKS_FOR_TF1, CLONES_MODELS, INSTALLS_TF1
from slimport.rewrite.notebook_lines import (
    ADVICE,
    API,
    CODE,
    NAME,
    UNREAD,
    UNREAD_ADVICE,
    UNREAD_API,
    UNREAD_CODE,
    UNREAD_NAME,
    WRITTEN,
)
from slimport.rewrite.rule import Example, Refusal, Rule


@dataclass(frozen=True, kw_only=True)
class _Answered(Rule):
    """It acts on a file that is rewritten already: slimport/rewrite/notebook_lines.py."""

    alone: bool = True


NOTEBOOK_INSTALLS = _Answered(
    code=CODE,
    name=NAME,
    summary="!pip install tf_slim -> gone; what installs TensorFlow 1 is marked",
    apis=(API,),
    details=(
        "In a notebook `!pip install tf_slim` is one line; the examples show the call that IPython "
        "makes of it, which a script that was exported from a notebook holds, too. The package "
        "goes from `pip`, `conda`, `mamba` once nothing of tf_slim is left in the file, with a "
        "version, or as a git address; a command that installs nothing else goes as a whole. "
        "See docs/notebooks.md."
    ),
    refuses=(
        Refusal(
            INSTALLS_TF1.format(name="…"),
            "The rewritten code does not run with that version, and only its user knows what else "
            "in the notebook asks for it.",
            ADVICE,
        ),
        Refusal(
            ASKS_FOR_TF1,
            "Colab has had no TensorFlow 1 since 2022: the line raises there.",
            ADVICE,
        ),
        Refusal(
            CLONES_MODELS,
            "A module that is imported from that folder still needs TensorFlow 1.",
            ADVICE,
        ),
    ),
    examples=(
        Example(
            before="""
get_ipython().system('pip install -q tf_slim==1.1.0 matplotlib')
get_ipython().system('pip install tf-slim')

import tf_slim as slim


def net(images):
    return slim.conv2d(images, 8, [3, 3], scope='conv')
""",
            after="""
get_ipython().system('pip install -q matplotlib')

import keras


def net(images):
    return keras.layers.Conv2D(8, [3, 3], padding="same", activation="relu", name="conv")(images)
""",
        ),
        Example(
            title="something of tf_slim is left, and TensorFlow 1 is asked for",
            before="""
get_ipython().run_line_magic('tensorflow_version', '1.x')
get_ipython().system('pip install tf_slim tensorflow-gpu==1.15')

import tf_slim as slim


def tune(operation):
    slim.learning.tune(operation, '/tmp')
""",
            after="""
# TODO(slimport): SLIM990 it asks for TensorFlow 1, and the code needs TensorFlow 2.16 with Keras
#   3; change the line once the code runs where its packages are
get_ipython().run_line_magic('tensorflow_version', '1.x')
# TODO(slimport): SLIM990 it installs tensorflow-gpu==1.15, and the code needs TensorFlow 2.16
#   with Keras 3; change the line once the code runs where its packages are
get_ipython().system('pip install tf_slim tensorflow-gpu==1.15')

from scoped_layers import legacy_import

slim = legacy_import("tf_slim")


def tune(operation):
    # TODO(slimport): SLIM401 slim.learning.tune: a training loop on graphs and sessions; train
    #   the model with compile() and fit()
    slim.learning.tune(operation, '/tmp')
""",
        ),
    ),
)

NOTEBOOK_CELLS = _Answered(
    code=UNREAD_CODE,
    name=UNREAD_NAME,
    summary="cells of another language that name tf_slim are reported",
    apis=(UNREAD_API,),
    details=(
        "`%%bash`, `%%writefile net.sh` and the like, and cells that Python cannot read: they stay "
        "as they are, byte for byte, without a mark (a comment above `%%` would make another cell "
        "of it), and the report names them. A module that a cell writes (`%%writefile net.py`) is "
        "rewritten as that file. Their examples are calls of IPython, as above."
    ),
    refuses=(
        Refusal(
            UNREAD.format(name="…"),
            "What the cell says is no part of the notebook's program.",
            UNREAD_ADVICE,
        ),
        Refusal(
            WRITTEN.format(name="…", why="…"),
            "Two cells write the file, a file of that name has another text, or the file cannot be "
            "rewritten.",
            UNREAD_ADVICE,
        ),
    ),
    examples=(
        Example(
            before="""
import tf_slim as slim

get_ipython().run_cell_magic('bash', '', about='tf_slim')


def net(images):
    return slim.conv2d(images, 8, [3, 3], scope='conv')
""",
            after="""
import keras

get_ipython().run_cell_magic('bash', '', about='tf_slim')


def net(images):
    return keras.layers.Conv2D(8, [3, 3], padding="same", activation="relu", name="conv")(images)
""",
        ),
    ),
)
