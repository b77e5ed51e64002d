"""What the OpenAPI document says of bodies and replies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from twinlens.serve.asking import DEADLINE
from twinlens.serve.replies import MEDIA

__all__ = ["Health", "Many", "Outputs", "Pixels", "Problem", "files_body", "image_body", "parameters", "replies"]


class Error(BaseModel):
    """code: for programs. message: for people. details: of a request with several images, what each failed of."""

    code: str = Field(examples=["unreadable"])
    message: str = Field(examples=["JPEG: Premature end of JPEG file"])
    details: list[dict[str, Any]] | None = None


class Problem(BaseModel):
    """The body of every reply with a status of 400 and above."""

    error: Error


class Pixels(BaseModel):
    """A result: the bytes of an array in base64, little-endian and in C order."""

    shape: list[int] = Field(examples=[[2, 2, 3]])
    dtype: str = Field(examples=["uint8"])
    layout: str = Field(description="HWC, CHW, HW or empty.", examples=["HWC"])
    data: str = Field(examples=["AAAAAAAAAAAAAAAA"])


class One(BaseModel):
    """One of several: its place, its file's name, and the result or the error."""

    index: int
    name: str
    result: Pixels | None = None
    error: Error | None = None


class Many(BaseModel):
    """In the order of the request."""

    results: list[One]


class Outputs(BaseModel):
    """What the model gives for the image, by the names of its outputs."""

    outputs: dict[str, Any] = Field(examples=[{"logits": [0.1, 2.5, -1.0]}])


class Health(BaseModel):
    """What runs."""

    status: str = Field(examples=["ok"])
    version: str
    semantics: int
    pipeline: str = Field(description="Hash of the pipeline.")
    waiting: int = Field(description="Images that no worker has yet.")


_REASONS = {
    401: "The API key is missing or wrong.",
    406: "No format of a reply that the Accept header names.",
    408: "The body came too slowly.",
    413: "Too many bytes.",
    415: "Not an image of a format that is decoded.",
    422: "An image that cannot be decoded, is too large, or that the pipeline does not take; a wrong argument.",
    429: "Too many images wait; Retry-After says for how many seconds to stay away.",
    503: "Not enough memory.",
    504: "Not done by the deadline.",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def parameters(formats: Iterable[str], *, random: bool, copies: int = 0) -> list[dict[str, Any]]:
    """Of the query, and the deadline's header. copies: how many there may be, 0 for a route without them."""
    names = list(formats)
    found: list[dict[str, Any]] = [
        _query("format", {"type": "string", "enum": names}, "Instead of the Accept header.", names[0]),
        {
            "name": "X-Deadline",
            "in": "header",
            "description": "Seconds that the client waits at most.",
            "schema": {"type": "number", "exclusiveMinimum": 0},
            "example": 2.5,
        },
    ]
    assert DEADLINE == "x-deadline"
    whole = {"type": "integer", "minimum": 0, "maximum": (1 << 63) - 1, "default": 0}
    if random:
        found.append(_query("seed", whole, "Of the draws: twinlens.key(seed, copy, index).", 7))
        found.append(_query("index", whole, "Of the image, of the first one where there are several.", 0))
    if copies:
        limited = {"type": "integer", "minimum": 1, "maximum": copies, "default": 1}
        found.append(_query("copies", limited, "Results: copy k draws under key(seed, k, index).", 2))
    return found


def image_body() -> dict[str, Any]:
    """One image: the body itself, or the file of a multipart one."""
    form = {"type": "object", "required": ["image"], "properties": {"image": _BINARY["schema"]}}
    raw = {"application/octet-stream": _BINARY, "image/jpeg": _BINARY, "image/png": _BINARY}
    return {"required": True, "content": {**raw, "multipart/form-data": {"schema": form}}}


def files_body() -> dict[str, Any]:
    """Several files."""
    files = {"type": "array", "items": _BINARY["schema"], "minItems": 1}
    form = {"type": "object", "required": ["images"], "properties": {"images": files}}
    return {"required": True, "content": {"multipart/form-data": {"schema": form}}}


def replies(formats: Iterable[str], model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For FastAPI: the formats of a result, and the errors."""
    content = {MEDIA[name]: {} if name == "json" else _BINARY for name in formats}
    good: dict[int | str, dict[str, Any]] = {200: {"description": "The result.", "model": model, "content": content}}
    for status, reason in _REASONS.items():
        good[status] = {"description": reason, "model": Problem}
    seconds = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
    good[429]["headers"] = {"Retry-After": seconds}
    return good


def _query(name: str, schema: dict[str, Any], description: str, example: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema, "example": example}
