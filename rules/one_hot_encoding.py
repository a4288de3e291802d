"""slim.one_hot_encoding."""

from slimport.rewrite.layers import LayerRule

ONE_HOT_ENCODING = LayerRule(
    code="SLIM143",
    name="one_hot_encoding",
    summary="slim.one_hot_encoding -> one_hot",
    apis=("slim.one_hot_encoding",),
    keywords={"scope": "name"},
)
