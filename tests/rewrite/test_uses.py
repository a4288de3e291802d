"""Names that code uses, as `ast` sees them."""

import ast
from collections import Counter
from pathlib import Path

import libcst as cst

from slimport.rewrite.uses import uses

ZOO = """import a, b.c as d
from e import f as g, h
from . import i
j = k = l[m, n:o:p] = q.r(s, t=u, *v, **w)
x: y = z
x += -y if not z else (lambda a0, *b0, c0=d0, **e0: a0 + f0)(g0)
global h0
del i0, j0[k0]


@l0.m0(n0)
async def o0(p0: q0, /, r0=s0, *t0: u0, v0=w0, **x0) -> y0:
    global a
    nonlocal_ = None
    async with z0 as a1, b1(c1) as (d1, e1):
        yield await f1
    async for g1 in h1:
        return i1
    raise j1 from k1


class l1(m1, metaclass=n1):
    def o1(self):
        def p1():
            nonlocal self
            yield from q1
        assert r1, s1


try:
    t1 = [u1 for v1 in w1 if x1 for y1 in z1]
except (a2, b2) as c2:
    d2 = {e2: f2, **g2, **{h2: i2 for j2 in k2}}, {l2, *m2}, {n2 for n2 in o2}
else:
    p2 = f"{q2!r:>{r2}} {s2=}" f'{t2["u2"]}' 'v2' "w2" + b'x2'.y2
finally:
    (z2 := a3)
    while b3 < c3 <= d3 is not e3 and f3 or ~g3 @ h3 ** i3: break
    for j3, *k3 in l3: continue
match m3:
    case n3.o3 | "p3" | -1 if q3: pass
    case r3(s3, t3=u3): pass
    case {"v3": w3, x3.y3: 1, **z3}: pass
    case [a4, *b4] | (c4, _): pass
    case (d4 as e4): pass
    case f4: pass
print(g4, "h4", ..., True, False, None)
"""


def _by_ast(text: str) -> Counter[str]:
    return Counter(n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name))


def test_names_are_those_of_ast() -> None:
    assert uses(cst.parse_module(ZOO)) == _by_ast(ZOO)


def test_names_of_real_files_are_those_of_ast() -> None:
    files = sorted(Path(__file__).parents[2].glob("fixtures/legacy/*/*.py"))[:12]
    for file in [*files, Path(__file__)]:
        text = file.read_text()
        assert uses(cst.parse_module(text)) == _by_ast(text), file
