"""Answers for the PyTorch network on the old side of `slimport verify`."""

import torch
from network import Network

from slimport.verify import reference
from slimport.verify.reference import Weight

# The new side's variables, and where PyTorch has them. Its dense layer reads the flattened picture
# channel by channel, Keras' pixel by pixel.
WEIGHTS = {
    "conv1/weights": Weight("conv1.weight", "HWIO->OIHW"),
    "bn1/gamma": "bn1.weight",
    "bn1/beta": "bn1.bias",
    "bn1/moving_mean": "bn1.running_mean",
    "bn1/moving_variance": "bn1.running_var",
    "conv2/weights": Weight("conv2.weight", "HWIO->OIHW"),
    "bn2/gamma": "bn2.weight",
    "bn2/beta": "bn2.bias",
    "bn2/moving_mean": "bn2.running_mean",
    "bn2/moving_variance": "bn2.running_var",
    "fc/weights": Weight("fc.weight", "(HWC)O->O(CHW)", H=8, W=8),
    "fc/biases": "fc.bias",
}


def variables(case):
    net = Network()
    buffers = dict(net.named_buffers())
    counters = [name for name in buffers if name.endswith("num_batches_tracked")]
    return reference.Variables(dict(net.named_parameters()), buffers, alone=counters)


def run(given):
    net = Network()
    values = {name: torch.from_numpy(value) for name, value in given.weights.items()}
    net.train(given.training).to(getattr(torch, given.dtype))
    net.load_state_dict(values, strict=False)  # the counters of batches are not given
    images = torch.from_numpy(given.inputs[0]).permute(0, 3, 1, 2)
    outputs = {
        name: found.permute(0, 2, 3, 1) if found.dim() == 4 else found
        for name, found in net(images).items()
    }
    if not given.training:
        return reference.Found(outputs)
    summed = [
        (found * torch.from_numpy(given.direction(name, found.shape))).sum()
        for name, found in outputs.items()
    ]
    sum(summed).backward()
    gradients = {name: parameter.grad for name, parameter in net.named_parameters()}
    return reference.Found(outputs, dict(net.named_buffers()), gradients, regularisation=0.0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    reference.main(variables, run, WEIGHTS, float64=True)
