"""What ends a run: each message says what is wrong, and what to do."""

from __future__ import annotations


class WeightsError(Exception):
    """The run ends without a file; the message says why."""


class CheckError(WeightsError):
    """Old and new cannot be compared; the message says why."""
