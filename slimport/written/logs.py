"""What the function of a model logs: numbers of each step, and summaries where they are asked for.

Summaries are TensorFlow 1's own, so that event files hold what they held: its tags, with the name
scopes around them, its histograms and images.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from slimport.written.graphs import in_tf_graph

__all__ = ["log_audio", "log_histogram", "log_image", "log_scalar", "log_text"]


@dataclasses.dataclass
class _Run:
    """A run of a model's function.

    Attributes:
        batch_of: Gives it a batch of a dataset.
        summarizes: Whether it is to make summaries.
        scalars: The numbers that it logs.
    """

    batch_of: Callable[[Any], Any]
    summarizes: bool = False
    scalars: dict[str, Any] = dataclasses.field(default_factory=dict)

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes this the run that `next_batch` and `log_scalar` are part of."""
        token = _RUN.set(self)
        try:
            with _no_writer():
                yield
        finally:
            _RUN.reset(token)


_RUN: contextvars.ContextVar[_Run | None] = contextvars.ContextVar("_RUN", default=None)


@contextlib.contextmanager
def _no_writer() -> Iterator[None]:
    """Keeps TF 1's summaries from a writer of TensorFlow 2: the model writes them.

    Such a writer takes them where a step is set, and warns where none is.
    """
    step = tf.summary.experimental.get_step()
    tf.summary.experimental.set_step(None)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*TF2 compatibility support for TF1 summary")
            yield
    finally:
        tf.summary.experimental.set_step(step)


def log_scalar(name: str, tensor: Any) -> None:
    """Logs a number of each step, for every callback of `fit`; `Summaries` writes it.

    Here and in its like, what is logged elsewhere than in the function of a `LossModel` goes to the
    summaries of a TF 1 graph; where there is none, nothing is done.

    Args:
        name: What to call it; `"loss"` is taken by the loss, so it becomes `"loss_1"`. Its tag in
            event files is TF 1's: the name below the name scopes that are open.
        tensor: A scalar.
    """
    run = _RUN.get()
    if run is not None:
        run.scalars["loss_1" if name == "loss" else name] = tf.convert_to_tensor(tensor)
    _add_summary(tf.compat.v1.summary.scalar, name, tensor)


def log_histogram(name: str, values: Any) -> None:
    """Logs how values are distributed, for `Summaries` to write: a histogram of TensorBoard.

    Args:
        name: What to call it.
        values: A tensor or a variable; it must be finite.
    """
    _add_summary(tf.compat.v1.summary.histogram, name, values)


def log_image(name: str, images: Any, max_outputs: int = 3) -> None:
    """Logs the first images of a batch, for `Summaries` to write.

    Args:
        name: What to call them.
        images: `[batch, height, width, channels]`, with 1, 3 or 4 channels. Integers are bytes;
            floats are scaled image by image, as TF 1 did.
        max_outputs: How many.
    """
    _add_summary(tf.compat.v1.summary.image, name, images, max_outputs)


def log_audio(name: str, audio: Any, sample_rate: float, max_outputs: int = 3) -> None:
    """Logs the first clips of a batch, for `Summaries` to write.

    Args:
        name: What to call them.
        audio: `[batch, frames, channels]` or `[batch, frames]`, from -1 to 1.
        sample_rate: In hertz.
        max_outputs: How many.
    """
    _add_summary(tf.compat.v1.summary.audio, name, audio, sample_rate, max_outputs)


def log_text(name: str, texts: Any) -> None:
    """Logs texts, for `Summaries` to write.

    Args:
        name: What to call them.
        texts: A tensor of strings.
    """
    _add_summary(tf.compat.v1.summary.text, name, texts)


def _add_summary(kind: Callable[..., Any], name: str, value: Any, *options: Any) -> None:
    """Makes a summary that `merge_all` finds, if anybody asks for it."""
    run = _RUN.get()
    if in_tf_graph() if run is None else run.summarizes:
        kind(name, value.value if isinstance(value, keras.Variable) else value, *options)
