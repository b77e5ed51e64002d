"""The exceptions that twinlens raises on purpose; all derive from `TwinlensError`."""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "BusyError",
    "DeadlineError",
    "DecodeError",
    "EngineError",
    "ExportError",
    "HostCopyWarning",
    "InputError",
    "PipelineFileError",
    "PluginError",
    "ServerError",
    "TooLargeError",
    "TwinlensError",
    "UnknownFormatError",
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


class UnknownFormatError(DecodeError):
    """Bytes that are none of the formats that are decoded."""


class TooLargeError(DecodeError):
    """An image has more bytes, pixels or a longer side than is allowed, or would need too much memory."""


class BusyError(TwinlensError, RuntimeError):
    """A queue is full or closed. retry_after: seconds after which there may be room."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineError(TwinlensError, TimeoutError):
    """An image was not done by its deadline."""


class ServerError(TwinlensError, RuntimeError):
    """A server refused a request. status: of HTTP; code: the server's word for it."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class HostCopyWarning(UserWarning):
    """A transform runs on the host: the tensors of a card that it was given are copied there and back."""
