"""The exceptions that twinlens raises on purpose; all derive from `TwinlensError`."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "DecodeError",
    "EngineError",
    "ExportError",
    "HostCopyWarning",
    "InputError",
    "PipelineFileError",
    "PluginError",
    "TwinlensError",
]


class TwinlensError(Exception):
    """Base of every error of this library."""


class ArgumentError(TwinlensError, ValueError):
    """A transform or function was given an argument that it cannot take."""


class InputError(TwinlensError, ValueError):
    """An image, mask, box or keypoint has a shape, dtype or channel count that a step cannot do."""


class EngineError(TwinlensError, RuntimeError):
    """An engine cannot run what it was asked to run."""


class ExportError(TwinlensError, ValueError):
    """A pipeline cannot be exported, or does not fit the model that it is to stand before."""


class PipelineFileError(TwinlensError, ValueError):
    """A saved pipeline is malformed, or a pipeline cannot be saved."""


class PluginError(TwinlensError, RuntimeError):
    """A plugin could not be loaded, or a name that it should provide is missing."""


class DecodeError(TwinlensError, ValueError):
    """A file is not an image that can be decoded."""


class HostCopyWarning(UserWarning):
    """A transform runs on the host: the tensors of a card that it was given are copied there and back."""
