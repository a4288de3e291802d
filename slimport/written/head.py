"""The head of the written module: what it is, how to read it, what is in it, how to be rid of it.

For whoever meets the file in a pull request, or years later, and has never heard of slimport.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

_WIDTH = 100
_START = '''"""Layers found by scope, on Keras 3.

This file was written by slimport and belongs to this project: change it as you like.

The layers of this module are functions. Each call builds a Keras layer under the variable scope
that is open, or finds the layer that is there, and applies it:

```python
with layer_defaults([conv2d], padding="same", kernel_regularizer=keras.regularizers.L2(2e-5)):
    with variable_scope("Encoder"):
        net = conv2d(images, 64, 3, strides=2, name="Conv_1a")  # a layer named Encoder__Conv_1a
        net = conv2d(net, 64, 3)  # named as TF-Slim did: Encoder__Conv
```

They run where Keras layers do: on `keras.Input`, for a functional model (`functional_model`); in
TensorFlow code (`TracedModel`); and in a TF 1 graph with sessions. `legacy_variables` maps the
names in a TF 1 checkpoint to the variables of a model.

# How to read a layer

Take its function first, and what it calls where you doubt it: `variable_scope` opens the path that
names the layer, `scoped_layer` finds or builds the Keras layer of that path, `finished` applies
normalizer and activation. Branches on `tf_graph` are for sessions. These arguments are shared:

- `padding`: `"same"` or `"valid"`, in any case; `data_format`: `"NHWC"`, `"NCHW"` and their like.
- `activation`: a name or a function, applied last; `None` for none.
- `normalizer`: a function applied in place of a bias, e.g. `batch_norm`, with `normalizer_params`.
- `kernel_initializer`, `kernel_regularizer` and their like: as in Keras. `bias_initializer=None`
  stands for no bias.
- `name`: the scope of the layer; `None` for a default name, made unique (`Conv`, `Conv_1`, ...).
- `reuse`: whether to share the variables of an earlier layer of the same path.
- `trainable`: whether the variables are trainable.
- `variables_collections`: collections for new variables, a list or a dictionary by variable name;
  `outputs_collections`: collections for the outputs, under the layer's path.

TF-Slim's names of arguments (`num_outputs`, `stride`, `scope` ...) are understood as well.
'''
_MORE = (
    "It holds what the files of this project import from it, and what that needs. For more "
    "({names}) import it where it is to be used, and run `slimport rewrite` on the project again."
)
_END = '''
# How to be rid of it

Where no session runs a function any more, its calls may become plain `keras.layers`, one by one:
with the defaults of the functions here written out, which are not Keras', and named as before
(`Encoder__Conv_1a`), so that their variables keep their names in checkpoints. Where nothing imports
this file any more, delete it.
"""
'''


def head(names: Sequence[str], sections: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Writes the docstring of a written module.

    Args:
        names: What the module offers.
        sections: The first line of each part's docstring, with what it offers, as they follow.
    """
    listed = "\n".join(line for part in sections for line in _section(*part))
    absent = [f"`{name}`" for name in ("TracedModel", "restore_checkpoint") if name not in names]
    more = _MORE.format(names=", ".join([*absent, "other layers"]))
    contents = f"\n# What is in it, from top to bottom\n\n{_filled(more)}\n\n{listed}\n"
    return _START + contents + _END


def _section(title: str, names: Sequence[str]) -> Iterator[str]:
    """``- Scopes (`variable_scope`): variable scopes and name scopes, ...``"""
    heading, colon, text = title.rstrip(".").partition(": ")
    offered = ", ".join(f"`{name}`" for name in names)
    yield _filled(f"- {heading}{f' ({offered})' if offered else ''}{colon}{text}", "  ")


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
