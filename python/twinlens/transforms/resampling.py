"""The arguments that say how a transform resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from twinlens.transforms import base
from twinlens.transforms.arguments import method_of

if TYPE_CHECKING:
    from twinlens.transforms.arguments import InterpolationMode, Semantics

__all__ = ["ResamplingConfig"]


class ResamplingConfig(base.Config):
    """Base of those with `interpolation` and `semantics`, which must go together."""

    if TYPE_CHECKING:
        interpolation: InterpolationMode
        semantics: Semantics

    @model_validator(mode="after")
    def _check_method(self) -> Self:
        method_of(self.interpolation, self.semantics)
        return self

    @property
    def method(self) -> str:
        """Of the Resample step."""
        return method_of(self.interpolation, self.semantics)
