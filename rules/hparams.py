"""tf.contrib.training.HParams."""

from slimport.rewrite.layers import RenamedRule
from slimport.rewrite.rule import Example, Leave, Outcome, Refusal
from slimport.rewrite.site import CallSite, literal


class _HParamsRule(RenamedRule):
    """The written module's class, which has all but the protocol buffers."""

    def call(self, site: CallSite) -> Outcome:
        if site.short == "HParams":
            for position, argument in enumerate(site.node.args):
                name = argument.keyword.value if argument.keyword else ""
                first = position == 0 and not name and argument.star != "**"
                is_definition = name == "hparam_def" or first
                if is_definition and literal(argument.value) is not None:
                    return Leave(
                        "tf.contrib.training.HParams is read from a protocol buffer",
                        "give names and values",
                    )
        return super().call(site)


HPARAMS = _HParamsRule(
    code="SLIM320",
    name="hparams",
    summary="tf.contrib.training.HParams -> a class of the written module",
    apis=("tf.contrib.training.HParams", "tf.contrib.training.parse_values"),
    details=(
        "Values, types and errors are compared with TensorFlow 1.15.5 over 1,500 calls "
        "(tests/written/data/hparams_tf115.txt). Protocol buffers are left out."
    ),
    refuses=(
        Refusal(
            "tf.contrib.training.HParams is read from a protocol buffer",
            "The written class has values and types, not the protocol buffers that TensorFlow "
            "took away.",
            "give names and values",
        ),
    ),
    examples=(
        Example(
            title="imported behind a guard",
            before="""
import tensorflow.compat.v1 as tf
import tf_slim as slim

# pylint: disable=g-import-not-at-top
try:
  from tensorflow.contrib import training as contrib_training
except ImportError:
  # TF 2.0 doesn't ship with contrib.
  pass
# pylint: enable=g-import-not-at-top


def config(overrides):
  hparams = contrib_training.HParams(
      # Per block.
      units=6,
      keep_prob=0.5,
  )
  return hparams.parse(overrides)


def net(features):
  hparams = config('units=4')
  return slim.fully_connected(features, hparams.units, scope='fc')
""",
            after="""
import keras
import tensorflow.compat.v1 as tf

from scoped_layers import HParams
# TF 2.0 doesn't ship with contrib.
# pylint: enable=g-import-not-at-top


def config(overrides):
  hparams = HParams(
      # Per block.
      units=6,
      keep_prob=0.5,
  )
  return hparams.parse(overrides)


def net(features):
  hparams = config('units=4')
  return keras.layers.Dense(hparams.units, activation="relu", name="fc")(features)
""",
            inputs=((3, 7),),
        ),
        Example(
            title="by other ways",
            before="""
import tensorflow as tf
from tensorflow.contrib.training import HParams
from tensorflow.contrib.training.python.training import hparam


class Config(HParams):
    pass


def defaults(config=None):
    assert config is None or isinstance(config, tf.contrib.training.HParams)
    return config or Config(rate=0.1, sizes=[1, 2])


def types(text):
    return hparam.parse_values(text, {'rate': float})
""",
            after="""
from scoped_layers import HParams, parse_values


class Config(HParams):
    pass


def defaults(config=None):
    assert config is None or isinstance(config, HParams)
    return config or Config(rate=0.1, sizes=[1, 2])


def types(text):
    return parse_values(text, {'rate': float})
""",
        ),
        Example(
            title="a protocol buffer",
            before="""
import tensorflow as tf


def restore(proto, structure):
    other = tf.contrib.training.HParams(None, structure, rate=0.1)
    return other, tf.contrib.training.HParams(hparam_def=proto)
""",
            after="""
import tensorflow as tf

from scoped_layers import HParams


def restore(proto, structure):
    other = HParams(None, structure, rate=0.1)
    # TODO(slimport): SLIM320 tf.contrib.training.HParams is read from a protocol buffer; give
    #   names and values
    return other, tf.contrib.training.HParams(hparam_def=proto)
""",
        ),
    ),
)
