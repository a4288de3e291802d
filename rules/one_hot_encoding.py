"""slim.one_hot_encoding."""

from slimport.rewrite.layers import LayerRule
from slimport.rewrite.rule import Example

ONE_HOT_ENCODING = LayerRule(
    code="SLIM143",
    name="one_hot_encoding",
    summary="slim.one_hot_encoding -> one_hot",
    apis=("slim.one_hot_encoding",),
    keywords={"scope": "name"},
    examples=(
        Example(
            before="""
import tensorflow as tf
import tf_slim as slim


def net(labels):
    return slim.one_hot_encoding(labels, 5)
""",
            after="""
import tensorflow as tf

from scoped_layers import one_hot_encoding


def net(labels):
    return one_hot_encoding(labels, 5)
""",
            inputs=((4,),),
            dtypes=("int64",),
        ),
    ),
)
