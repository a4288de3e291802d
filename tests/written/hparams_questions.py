"""Asks an HParams class some 1,500 questions; under TensorFlow 1.15 this writes the right answers.

python3.7 tests/written/hparams_questions.py > tests/written/data/hparams_tf115.txt
"""

# This file runs under CPython 3.7.

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

NAMES = "i f s b n l fl sl bl t by zz values _hparam_types parse".split()
VALUES = [
    0, 1, -3, 1.5, True, False, "y", "", b"z", None, [1], [1.5], ["a"], [True], [], (1, 2), {0: 1},
    2 + 3j, 10**30, float("inf"),
]  # fmt: skip
TEXTS = """|i=3|i=3,|i=3, f=1|i=3 ,f=1| i=3|i = 3|i=3.5|f=3|f=1e-3|s=hello|s=a b|s=|s=true|b=true
b=True|b=TRUE|b=1|b=0|b=2|b=no|b=false|b= true|n=3|l=[1,2,3]|l=[1 2]|l=[]|l=3|l[0]=3|l[ 1 ]=3
l[0]=3,l[1]=4|l[0]=1,l[0]=2|l=[1],l[0]=2|l[0]=2,l=[1]|l[0]=[1]|i=[1]|i=1,i=2|fl=[1,2]|sl=[a,b c]
sl=[ a , b ]|bl=[true,0]|bl=[x]|t=[7,8]|zz=1|i|i==3|i=3;f=2|by=z|i=3,f=1,s=q,b=0,l=[9]|i=3,,f=2
s=[a]|s=a=b|i.x=3|l=[1|l=1]|sl=[a\tb]|s=x[1]|1i=3|_i=2|i=0x10|i= 7 |f=nan|f=inf
"""
TYPES = {
    "i": int, "f": float, "s": str, "b": bool, "l": int, "fl": float, "sl": str, "bl": bool,
    "n": type(None), "t": int, "by": bytes,
}  # fmt: skip


def answers(HParams: Any, parse_values: Any) -> Iterator[str]:
    """One line for each question: what was asked, and the answer or the error's type."""
    for label, ask in _questions(HParams, parse_values):
        try:
            answer = repr(ask())
        except Exception as error:
            answer = type(error).__name__ + " raised"
        yield "{!r}: {}".format(label, answer)  # noqa: UP032


def _questions(HParams: Any, parse_values: Any) -> Iterator[tuple[Any, Callable[[], Any]]]:
    def new(**more: Any) -> Any:
        return HParams(
            i=1, f=2.5, s="x", b=True, n=None, l=[1, 2], fl=[1.0], sl=["a"], bl=[True, False],
            t=(3, 4), by=b"q", **more
        )  # fmt: skip

    def after(params: Any, method: str, *arguments: Any) -> Any:
        before = _items(params)
        getattr(params, method)(*arguments)
        changed = [item for item in _items(params) if item not in before]
        return changed, len(params.values())

    def described(params: Any) -> Any:
        return params.values(), params._hparam_types, str(params), repr(params)

    for name in NAMES:
        for value in VALUES:
            label = (name, value)
            yield ("set", *label), lambda n=name, v=value: after(new(), "set_hparam", n, v)
            yield ("get", *label), lambda n=name, v=value: new().get(n, v)
            yield ("add", *label), lambda n=name, v=value: after(new(), "add_hparam", n, v)
            yield ("new", *label), lambda n=name, v=value: described(HParams(**{n: v}))
        yield ("del", name), lambda n=name: after(new(), "del_hparam", n)
        yield ("in", name), lambda n=name: n in new()
    for text in [*TEXTS.replace("\n", "|").split("|"), "i=3\n", "s=a\n,i=1"]:
        yield ("parse", text), lambda t=text: after(new(), "parse", t)
        yield ("dotted", text), lambda t=text: HParams(**{"i.x": 3, "i": 1}).parse(t).values()
        yield ("values", text), lambda t=text: parse_values(t, TYPES)
        yield ("known", text), lambda t=text: parse_values(t, {"i": int}, ignore_unknown=True)
    plain = HParams(i=1, f=2.5, s="x", b=True, n=None, l=[1, 2])
    for arguments in ((), (2, None, True), (None, (",", ":"))):
        yield ("to_json", arguments), lambda a=arguments: plain.to_json(*a)
    yield "bytes in JSON", lambda: new().to_json()
    for text in ('{"i": 4, "l": [3]}', '{"i": 4.5}', '{"q": 4}', "{"):
        yield ("parse_json", text), lambda t=text: after(copy.copy(plain), "parse_json", t)
    yield "str", lambda: str(new(z=1, a=2))
    yield "repr", lambda: repr(new(z=1, a=2))
    yield "subclass", lambda: repr(type("Mine", (HParams,), {})(a=1))
    yield "override", lambda: new().override_from_dict(values_dict={"i": 5, "f": 1}).values()
    yield "from map", lambda: new().set_from_map(values_map={"i": 5}).values()
    yield "structure", lambda: HParams(None, 4, a=1).get_model_structure()
    yield "new structure", lambda: after(HParams(a=1), "set_model_structure", 2)
    yield "deep copy", lambda: copy.deepcopy(new()).values()
    yield "pickle", lambda: pickle.loads(pickle.dumps(new(), 2)).values()
    yield "equality", lambda: (new() == new(), plain == plain)
    yield "attribute", lambda: new().nothing
    yield "item", lambda: new()["i"]
    yield "length", lambda: len(new())
    yield "None, then a number", lambda: after(HParams(a=None), "add_hparam", "a", 3)
    yield "set directly", lambda: described(_with(new(), i="direct", other=3))


def _items(params: Any) -> list[str]:
    types = params._hparam_types
    return [repr((name, value, types[name])) for name, value in params.values().items()]


def _with(params: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(params, name, value)
    return params


if __name__ == "__main__":
    from tensorflow.contrib.training.python.training import hparam

    print("\n".join(answers(hparam.HParams, hparam.parse_values)))
