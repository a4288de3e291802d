"""What holds for all tests."""

from __future__ import annotations

import gc
import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """Answers of `slimport verify` are kept for one run of the tests, not in the user's folder."""
    os.environ["SLIMPORT_CACHE"] = str(tmp_path_factory.mktemp("answers"))


@pytest.fixture(autouse=True, scope="session")
def frozen_modules():
    """What modules have loaded stays: the collector, which Keras calls too, need not look at it."""
    gc.collect()
    gc.freeze()
