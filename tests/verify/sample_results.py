"""Results of imaginary runs, for tests of the reports: equal, failing, and very many cases."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable

from slimport.verify.result import (
    CaseResult,
    Cost,
    Curves,
    Divergence,
    ModeResult,
    Sample,
    SideCost,
    Site,
    Status,
    TensorResult,
    VerifyResult,
)

LAYERS = ("Conv2d_1a_7x7", "MaxPool_2a_3x3", "Conv2d_2b_1x1", "Mixed_3b", "Mixed_3c", "Mixed_4a")

ENVIRONMENTS = {
    "old": {"python": "3.7.17", "tensorflow": "1.15.5", "tf_slim": "1.1.0", "numpy": "1.21.6"},
    "new": {"python": "3.11.7", "tensorflow": "2.21.0", "keras": "3.15.0", "numpy": "2.4.0"},
}

DIVERGENCE = Divergence(
    group="output",
    name="Mixed_3b",
    operation="InceptionV2/Mixed_3b/Branch_3/AvgPool_0a_3x3",
    new=(
        Site(
            "nets/inception.py", 137, "inception_base", "pool = avg_pool2d(net, [3, 3], name='p')"
        ),
        Site("models/ssd.py", 58, "raw_predictions", "net = inception_base(images, 'Mixed_4a')"),
    ),
    defaults=(
        Site("nets/inception.py", 66, "inception_base", "with layer_defaults([avg_pool2d]):"),
    ),
    old=(Site("nets/inception.py", 131, "inception_base", "pool = slim.max_pool2d(net, [3, 3])"),),
    rules=("SLIM130",),
    why="the legacy operation is MaxPool, the migrated one AvgPool",
)


def tensor(group: str, name: str, order: int, relative: float, **changes: object) -> TensorResult:
    """Returns a tensor whose scale is 3.2 and whose noise floor is 2e-7 of it."""
    scale, tolerance = 3.2, {"output": 1e-5, "gradient": 1e-3}.get(group, 1e-4)
    status = Status.EQUAL if relative <= tolerance else Status.DIFFERS
    fields = {
        "shape": (2, 14, 14, 64),
        "dtype": "float32",
        "max_abs": relative * scale,
        "scale": scale,
        "tolerance": tolerance * scale,
        "floor": 2e-7 * scale,
        "floors": {"ulp": 2e-7 * scale, "threads": 0.0},
        "why": f"base {tolerance:.0e} of its class",
        **changes,
    }
    return TensorResult(group, name, order, status, **fields)


@functools.cache
def sample(relative: float, seed: int = 0) -> Sample:
    """Returns elements of a tensor that are this far apart at most, relative to their scale."""
    source = random.Random(seed)
    old = [source.gauss(0.0, 1.0) for _ in range(300)]
    scale = max(map(abs, old))
    apart = (source.triangular(-1, 1, 0) * relative * scale for _ in old)
    return Sample(tuple(old), tuple(a + b for a, b in zip(old, apart, strict=True)))


def mode(
    name: str, relatives: Iterable[float], gradients: int = 0, divergent: bool = False
) -> ModeResult:
    """Returns a mode whose outputs are this far apart."""
    found = []
    for place, (layer, apart) in enumerate(zip(LAYERS, relatives, strict=False)):
        found.append(tensor("output", layer, place, apart, sample=sample(apart, place)))
    found += [tensor("gradient", f"{name}/weights", k, 3e-5) for k, name in enumerate(LAYERS)][
        :gradients
    ]
    bad = any(not item.status.is_good for item in found)
    return ModeResult(
        mode=name,
        status=Status.DIFFERS if bad else Status.EQUAL,
        tensors=found,
        built="functional",
        seconds={"old": 3.1, "new": 4.25},
        divergences=(DIVERGENCE,) if divergent else (),
    )


def equal_mode(name: str, gradients: int = 0) -> ModeResult:
    """Returns a mode that is equal."""
    return mode(name, (0.0, 1e-7, 2e-7, 1.5e-7, 4e-7, 6e-7), gradients)


def cost() -> Cost:
    """Returns a cost that was measured."""

    def side(slow: float) -> SideCost:
        times = tuple(slow * (0.084 + 0.001 * k) for k in range(5))
        return SideCost(
            10_173_112, 2.1 * slow, 1.4, times, tuple(3 * t for t in times), 412_000_000
        )

    return Cost(side(1.0), side(1.2))


def case(name: str, *modes: ModeResult, **changes: object) -> CaseResult:
    """Returns a case of these modes."""
    status = next((m.status for m in modes if not m.status.is_good), Status.EQUAL)
    fields = {
        "variables": 275,
        "parameters": 10_173_112,
        "inputs": ["float32[2, 224, 224, 3]"],
        **changes,
    }
    return CaseResult(name, f"nets.{name}:net", f"nets.{name}:net", status, list(modes), **fields)


def training_case(name: str) -> CaseResult:
    """Returns a training case that is equal."""
    losses = tuple(2.0 * 0.97**k for k in range(100))
    held = [
        tensor(group, f"{group} of fc", k, 3e-6, step=step)
        for step in (1, 3, 100)
        for k, group in enumerate(("slot", "weight", "statistic"))
    ]
    curves = Curves(losses, tuple(loss * (1 + 2e-7) for loss in losses), (1e-7,) * 100)
    found = ModeResult("steps", Status.EQUAL, held, "keras", curves=curves)
    return case(name, found, steps=(1, 3, 100), inputs=[])


def run(*cases: CaseResult, **changes: object) -> VerifyResult:
    """Returns a run of these cases."""
    status = next((c.status for c in cases if not c.status.is_good), Status.EQUAL)
    fields = {"environments": ENVIRONMENTS, "seconds": 73.0, **changes}
    return VerifyResult("verify.toml", "/legacy", "/new", 0, status, list(cases), **fields)


def equal_run(count: int = 12) -> VerifyResult:
    """Returns a run of equal cases, measured."""
    cases = [
        case(f"net_{k}", equal_mode("inference"), equal_mode("training", 6), cost=cost())
        for k in range(count - 1)
    ]
    return run(*cases, training_case("momentum"), base="origin/main (1a2b3c4)")


def failing_run() -> VerifyResult:
    """Returns a run where a case differs at a known line, one fails, and two are equal."""
    off = (0.0, 1e-7, 2e-7, 0.31, 0.4, 0.22)
    trace = (
        "calling nets.vgg:net\nTraceback (most recent call last):\n  ...\nValueError: <odd> | name"
    )
    failed = ModeResult("inference", Status.FAILED, errors={"new": trace})
    noted = equal_mode("inference")
    noted.notes.append("the new side is a traced model: its entry takes no KerasTensors")
    return run(
        case("inception", mode("inference", off, 0, True), mode("training", off, 6, True)),
        case("vgg", failed),
        case("resnet", noted, equal_mode("training", 6), cost=cost(), seed=7),
        training_case("momentum"),
        base="origin/main (1a2b3c4)",
    )


def many(count: int) -> VerifyResult:
    """Returns a run of very many cases, every hundredth of which differs."""
    off = (0.0, 1e-7, 2e-7, 0.31, 0.4, 0.22)
    cases = []
    for k in range(count):
        modes = [equal_mode("inference"), equal_mode("training", 6)]
        if k % 100 == 7:
            modes[0] = mode("inference", off, 0, True)
        cases.append(case(f"family/network_with_a_long_name_{k}", *modes, cost=cost()))
    return run(*cases)
