"""A program of twice the size is twice the work: TensorFlow itself has thousands of files."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from types import CodeType, FrameType

import slimport
from slimport.files.source import parse
from slimport.index.program import Program
from slimport.rewrite.plan import Plan
from slimport.rewrite.taken_names import taken_names

PACKAGE = Path(slimport.__file__).parent
LIBRARY = """
import tensorflow as tf

def wrap(function):
    def inside(self, *given):
        return function(self, *given).call(self)
    return inside
"""
#: Decorators, methods of one name, sessions, scopes, names of other libraries that are assigned.
FILE = """
import tensorflow as tf
import tf_slim as slim
from library import *

tf.nn.relu = wrap

class Thing:
    def __init__(self, x):
        self.x = Thing(x)

    @wrap
    def call(self, x):
        return self.x.call(x.call(x))

@wrap
def build(x):
    with slim.arg_scope([slim.conv2d], padding='SAME'):
        return slim.conv2d(Thing(x).call(x), 8, 3)

def run(x):
    with tf.Session() as session:
        session.run(build(x))

if __name__ == '__main__':
    run(1)
"""


def entered(count: int) -> Counter[CodeType]:
    """How often each function and generator is entered for a program of so many files."""
    texts = {f"part_{number}.py": FILE for number in range(count)}
    sources = {
        PurePosixPath(name): parse(Path(name), text.encode())
        for name, text in {"library.py": LIBRARY, **texts}.items()
    }
    found = Counter[CodeType]()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            found[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        program = Program(sources)
        plan = Plan(program)
        for module in program.modules:
            plan.concerns(module)
            taken_names(module, program, "scoped_layers")
    finally:
        sys.setprofile(before)
    return found


def test_what_the_index_does_grows_with_the_program() -> None:
    entered(2)  # what is looked up once
    small, large = entered(15), entered(60)
    ours = (code for code in large if Path(code.co_filename).is_relative_to(PACKAGE))
    more = [code for code in ours if large[code] > max(1000, 6 * small[code])]
    assert not [f"{code.co_filename}:{code.co_firstlineno}" for code in more]
