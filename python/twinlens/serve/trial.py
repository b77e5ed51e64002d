"""Whether a pipeline can be served, found out before anybody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twinlens.data.encoding import as_array
from twinlens.data.manifest import describe
from twinlens.errors import ArgumentError, PipelineFileError, PluginError

if TYPE_CHECKING:
    from twinlens.transforms import Transform

__all__ = ["check_servable", "hash_of"]

#: a crop may be larger than the first
_SIZES = ((480, 640), (2048, 2048))


def check_servable(pipe: Transform) -> None:
    """ArgumentError for a pipeline that fails on every photo, or whose results are no images or arrays."""
    for size in _SIZES:
        try:
            result = pipe(np.zeros((*size, 3), np.uint8), key=0)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            continue
        try:
            as_array(result)
        except Exception as error:
            raise ArgumentError(f"app: {error}") from None
        return
    raise ArgumentError(f"app: the pipeline fails on a photo of {_SIZES[0][1]}x{_SIZES[0][0]} pixels: {why}")


def hash_of(pipe: Transform) -> str:
    """As in run.json; empty for a pipeline that cannot be saved."""
    try:
        return str(describe(pipe)["pipeline_sha256"])
    except (PipelineFileError, PluginError):
        return ""
