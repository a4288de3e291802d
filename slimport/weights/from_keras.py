"""A file of Keras as the source: its weights go into a checkpoint."""

from __future__ import annotations

import warnings

from slimport.weights import layers_in_file
from slimport.weights.building import like_of, made
from slimport.weights.errors import WeightsError
from slimport.weights.request import Request, Result
from slimport.weights.writing import write_checkpoint


def from_keras(request: Request) -> Result:
    """Loads the file into the model, and writes its variables under TF 1's names.

    Raises:
        BlueprintError: The model cannot be made.
        WeightsError: The file is of another model or damaged, or a file is in the way.
    """
    built = made(request)
    result = Result(f"Keras file {request.source}", built)
    if request.checkpoint is None:
        raise WeightsError(f"{request.source} is a file of Keras: only --to-checkpoint takes it")
    if not request.source.is_file():
        raise WeightsError(f"{request.source} is not there")
    try:
        with warnings.catch_warnings():
            if request.slots:  # Keras only warns where it leaves an optimizer as it is
                warnings.filterwarnings("error", "Skipping variable loading for optimizer")
            built.model.load_weights(request.source)
    except Exception as error:  # a layer's own code may raise anything, and so do damaged files
        raise WeightsError(f"{request.source} does not fit the model: {error}") from error
    wrong = layers_in_file.differing(built.model, request.source)
    if wrong:
        raise WeightsError(
            f"{request.source} is of another model. Keras finds layers by their order and class, "
            f"their names say: {'; '.join(wrong[:5])}{' ...' if len(wrong) > 5 else ''}"
        )
    write_checkpoint(request, result, like_of(request))
    return result
