"""The network of `net.py` in NumPy, channels first, as a worker on the old side."""

import numpy as np

from slimport.verify import reference
from slimport.verify.reference import Weight, rearranged

SHAPES = {"conv": (4, 3, 3, 3), "dense": (5, 4 * 2 * 2), "bias": (5,), "beta": (4,)}
STATISTICS = {"mean": (4,), "variance": (4,), "steps": ()}
WEIGHTS = {
    "net/conv/weights": Weight("conv", "HWIO->OIHW"),
    "net/conv/BatchNorm/beta": "beta",
    "net/conv/BatchNorm/moving_mean": "mean",
    "net/conv/BatchNorm/moving_variance": "variance",
    "net/logits/weights": Weight("dense", "(HWC)O->O(CHW)", H=2, W=2),
    "net/logits/biases": "bias",
}


def variables(case):
    return reference.Variables(SHAPES, STATISTICS, alone=["steps"])


def convolved(x, kernel):
    """3x3, stride 2, zeros at the end only: what SAME means for an even size."""
    x = np.pad(x, [[0, 0], [0, 0], [0, 1], [0, 1]])
    found = np.zeros((x.shape[0], kernel.shape[0], 4, 4), "float32")
    for row in range(4):
        for column in range(4):
            window = x[:, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            found[:, :, row, column] = np.einsum("nchw,ochw->no", window, kernel)
    return found


def run(given):
    held = given.weights
    x = convolved(rearranged(given.inputs[0], "NHWC->NCHW"), held["conv"])
    mean, variance, after = held["mean"], held["variance"], {}
    if given.training:
        size = x.size / 4
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
        unbiased = variance * size / (size - 1)
        after = {
            "mean": 0.9 * held["mean"] + 0.1 * mean,
            "variance": 0.9 * held["variance"] + 0.1 * unbiased,
        }
    column = (slice(None), None, None)
    x = (x - mean[column]) / np.sqrt(variance[column] + 0.001) + held["beta"][column]
    x = np.maximum(x, 0)
    outputs = {"1/conv": rearranged(x, "NCHW->NHWC")}
    x = x.reshape(len(x), 4, 2, 2, 2, 2).max((3, 5))
    if given.training:
        kept = given.kept((len(x), 2, 2, 4), 0.25)
        x = x * rearranged(kept, "NHWC->NCHW")
    x = x.reshape(len(x), -1)
    logits = x @ held["dense"].T + held["bias"]
    outputs["0"] = logits
    direction = given.direction("0", logits.shape)
    return reference.Found(
        outputs,
        after,
        gradients={"dense": direction.T @ x, "bias": direction.sum(0)} if given.training else {},
        regularisation=0.5 * 0.01 * np.sum(held["dense"] ** 2),
    )


if __name__ == "__main__":
    reference.main(variables, run, WEIGHTS)
