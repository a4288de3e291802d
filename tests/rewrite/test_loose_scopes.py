"""Scopes that no `with` statement shows: what may run under them stays open to them."""

from __future__ import annotations

import pytest

from tests.rewrite.tools import check_noop, transform

HEAD = "import contextlib\nimport tensorflow as tf\nimport tf_slim as slim\n\n\n"
NET = "def net(x):\n    return slim.conv2d(x, 8, 3, scope='a')\n"
SCOPE = "slim.arg_scope([slim.conv2d], stride=2)"
LAYER = "slim.conv2d(x, 8, 3, scope='a')"

LOOSE = {
    "decorator": f"@{SCOPE}\n{NET}",
    "decorator of the program": f"""
def scoped(f):
    def inner(*a):
        with {SCOPE}:
            return f(*a)
    return inner


@scoped
{NET}""",
    "exit stack": f"""
def net(x):
    with contextlib.ExitStack() as stack:
        stack.enter_context({SCOPE})
        return {LAYER}
""",
    "entered by hand": f"""
def net(x):
    scope = {SCOPE}
    scope.__enter__()
    return {LAYER}
""",
    "on a condition": f"""
def net(x, c):
    ctx = {SCOPE} if c else contextlib.nullcontext()
    with ctx:
        return {LAYER}
""",
    "out of a list": f"""
def net(x):
    for scope in [{SCOPE}]:
        with scope:
            x = {LAYER}
    return x
""",
    "named as it opens": f"""
def net(x):
    with (s := {SCOPE}):
        return {LAYER}
""",
    "returned": f"""
def scopes():
    return {SCOPE}


def net(x):
    with scopes():
        return {LAYER}
""",
    "context manager": f"""
@contextlib.contextmanager
def scopes():
    with {SCOPE}:
        yield


def net(x):
    with scopes():
        return {LAYER}
""",
    "generator": f"""
def each(xs):
    with {SCOPE}:
        yield from xs


def net(xs):
    for x in each(xs):
        y = {LAYER}
    return y
""",
    "coroutine": f"""
async def net(x, other):
    with {SCOPE}:
        await other
        return {LAYER}
""",
    "class": f"""
class Scope:
    def __enter__(self):
        self.scope = {SCOPE}
        return self.scope.__enter__()


def net(x):
    with Scope():
        return {LAYER}
""",
    "generator expression": f"""
def net(xs):
    with {SCOPE}:
        found = ({LAYER} for x in xs)
    return next(found)
""",
    "body of a class": f"""
def net(x):
    with {SCOPE}:
        class Made:
            y = {LAYER}
    return Made.y
""",
    "default": f"""
def net(x):
    with {SCOPE}:
        def made(y={LAYER}):
            return y
    return made()
""",
    "lambda": f"""
def net(x):
    conv = lambda x: {LAYER}
    with {SCOPE}:
        return conv(x)
""",
}
CHANGED = {
    "attribute": ("cfg.stride", "cfg.stride = 1"),
    "item": ("cfg['stride']", "cfg['stride'] = 1"),
    "list": ("cfg", "cfg.append(1)"),
    "global": ("S", "bump()"),
}


@pytest.mark.parametrize("code", LOOSE.values(), ids=LOOSE.keys())
def test_what_may_run_under_it_takes_defaults(code: str) -> None:
    done = transform(HEAD + code)
    assert "layer_defaults([conv2d], strides=2)" in done, done
    assert "keras.layers" not in done, done
    check_noop(done)


@pytest.mark.parametrize(("value", "change"), CHANGED.values(), ids=CHANGED.keys())
def test_a_value_that_changes_below_the_scope_is_taken_where_it_opens(
    value: str, change: str
) -> None:
    done = transform(f"""{HEAD}S = 2


def bump():
    global S
    S = 1


def net(x, cfg):
    with slim.arg_scope([slim.conv2d], stride={value}):
        {change}
        return {LAYER}
""")
    assert f"layer_defaults([conv2d], strides={value})" in done, done


@pytest.mark.parametrize(
    "decorator",
    ["tf.function", "staticmethod", "slim.add_arg_scope", "unknown"],
)
def test_a_decorator_that_opens_nothing_is_no_reason(decorator: str) -> None:
    done = transform(f"""{HEAD}from unknown import *


class Net:
    @{decorator}
    def net(x):
        with {SCOPE}:
            return {LAYER}
""")
    assert ("keras.layers" in done) == decorator.startswith(("tf", "static")), done


def test_a_scope_in_a_case_reaches_its_layers() -> None:
    done = transform(f"""{HEAD}def net(x, kind):
    match kind:
        case 1:
            with {SCOPE}:
                return {LAYER}
    return x
""")
    assert "keras.layers.Conv2D(\n" in done and "strides=2" in done, done
