"""Programs with something of everything that a report tells, and their reports."""

from __future__ import annotations

from pathlib import Path

from slimport.report.model import Report
from slimport.rewrite.command import Request, run

NET = """\
import tensorflow as tf
import tf_slim as slim


def net(images):
    net = slim.conv2d(images, 8, [3, 3], scope='conv1')
    return slim.conv2d(net, 4, 1, scope='conv2')
"""
#: Left references behind text that is longer in UTF-8 and in UTF-16 than in characters.
TRAIN = """\
# -*- coding: utf-8 -*-
import tf_slim as slim
import net


def train(op, x):
    grüße = "größer 🚀"; slim.learning.tune(op, '/tmp', "ü")
    net.net(x)
    slim.learning.tune(
        op,
        '/tmp')
    return [slim.learning.tune(op, 1), slim.learning.tune(op, 2)]


def evaluate(op):
    (slim
     .learning
     .tune)(op)
"""
BROKEN = "import tf_slim as slim\n\nslim.conv2d(\n"
CLEAN = "import os\n"


def program(root: Path) -> Path:
    """A tree of four files, with a folder whose name a URI cannot hold as it is."""
    folder = root / "my code"
    folder.mkdir(parents=True)
    for name, text in (("net.py", NET), ("train.py", TRAIN), ("broken.py", BROKEN)):
        (folder / name).write_text(text, "utf-8")
    (root / "clean.py").write_text(CLEAN, "utf-8")
    return root


def reported(root: Path, write: bool = False) -> Report:
    """The report on a tree."""
    return run(Request((root,), write=write)).report
