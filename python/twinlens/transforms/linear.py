"""LinearTransformation."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import torch
from pydantic import BeforeValidator, WithJsonSchema, model_validator

from twinlens.steps import LinearTransform
from twinlens.transforms import base
from twinlens.transforms.noise import largest_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinlens.pipeline.trace import Params
    from twinlens.steps import Spec, Step
    from twinlens.steps.spec import Reals

__all__ = ["LinearTransformation"]


def _tensor(value: Any) -> torch.Tensor:
    try:
        tensor = value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value, np.float32))
    except (TypeError, ValueError):
        raise ValueError(f"wants a tensor of numbers, got {type(value).__name__}") from None
    if not tensor.is_floating_point() or not bool(tensor.isfinite().all()):
        raise ValueError(f"wants finite floats, got {tensor.dtype}")
    return tensor


Tensor = Annotated[torch.Tensor, BeforeValidator(_tensor), WithJsonSchema({"type": "array"})]


class LinearTransformationConfig(base.Config):
    transformation_matrix: Tensor
    mean_vector: Tensor

    @model_validator(mode="after")
    def _check(self) -> Self:
        matrix, mean = tuple(self.transformation_matrix.shape), tuple(self.mean_vector.shape)
        if len(matrix) != 2 or matrix[0] != matrix[1]:
            raise ValueError(f"transformation_matrix of shape {matrix} must be square")
        if mean != matrix[:1]:
            raise ValueError(f"mean_vector of shape {mean} must have the {matrix[0]} entries of the matrix's sides")
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinearTransformationConfig) and (
            self.name == other.name
            and torch.equal(self.transformation_matrix, other.transformation_matrix)
            and torch.equal(self.mean_vector, other.mean_vector)
        )

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def rows(self) -> tuple[Reals, Reals]:
        """(1, D, D) and (1, D) float64 with float32 values."""
        matrix, mean = (
            t.to("cpu", torch.float32).numpy()[None] for t in (self.transformation_matrix, self.mean_vector)
        )
        return matrix.astype(np.float64), mean.astype(np.float64)


class LinearTransformation(base.Transform):
    """(x - mean_vector) @ transformation_matrix on an image's samples in the order C, H, W: whitening, torchvision's.

    transformation_matrix: (D, D), mean_vector: (D,), D = C * H * W; floats, used as float32. uint8, uint16 and float32
    in, float32 out. The sums are float64: torchvision's float32 sums differ by their own rounding.

    >>> import torch
    >>> from twinlens import transforms as T
    >>> T.LinearTransformation(torch.eye(2) * 2, torch.ones(2))(torch.tensor([[[3.0, 5.0]]])).tolist()
    [[[4.0, 8.0]]]
    """

    Config = LinearTransformationConfig

    def __init__(self, transformation_matrix: Any, mean_vector: Any, *, name: str | None = None) -> None:
        super().__init__(transformation_matrix=transformation_matrix, mean_vector=mean_vector, name=name)

    def lower(self, params: Params, spec: Spec) -> Iterable[Step]:
        del params
        largest_of("LinearTransformation", spec)
        yield LinearTransform(*self.config.rows)

    def __repr__(self) -> str:
        shown = [f"{name}={getattr(self, name).tolist()}" for name in ("transformation_matrix", "mean_vector")]
        return f"LinearTransformation({', '.join([*shown, *([f'name={self.name!r}'] if self.name else [])])})"
