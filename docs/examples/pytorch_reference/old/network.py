"""The network in PyTorch: pictures come channels first."""

import torch
from torch import nn


class Network(nn.Module):
    """Two convolutions with batch norm, max pooling, one dense layer; for 32x32 pixels."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.fc = nn.Linear(32 * 8 * 8, classes)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        conv1 = torch.relu(self.bn1(self.conv1(images)))
        conv2 = torch.relu(self.bn2(self.conv2(conv1)))
        pool = self.pool(conv2)
        logits = self.fc(torch.flatten(pool, 1))
        return {"conv1": conv1, "conv2": conv2, "pool": pool, "logits": logits}
