"""The FastAPI application: routes on a queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from twinlens import __version__
from twinlens.errors import ArgumentError
from twinlens.serve import schemas
from twinlens.serve.calls import Call, Reply
from twinlens.serve.gate import OPEN, Gate
from twinlens.serve.refusals import Refused
from twinlens.serve.service import COPIES, MANY, ONE, PREDICT, Service
from twinlens.serve.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from twinlens.serve.limits import Limits
    from twinlens.transforms import Transform

__all__ = ["app"]

_Endpoint = Callable[[Call], "Awaitable[Reply]"]

_ABOUT = """Images in, what a twinlens pipeline makes of them out: the pixels that the model was trained with.

A request with the same image, seed and index has the same reply, byte for byte, whatever else is asked at the time."""


def app(
    pipe: Transform,
    *,
    model: str | PathLike[str] | None = None,
    workers: int | None = None,
    max_batch: int = 16,
    max_delay: float = 0.002,
    max_queue: int = 256,
    max_files: int = 64,
    max_copies: int = 64,
    max_held: int = 512 << 20,
    limits: Limits | None = None,
    deadline: float = 10.0,
    body_timeout: float = 20.0,
    api_key: str | None = None,
    log: Callable[[dict[str, Any]], None] | None = None,
) -> FastAPI:
    """An ASGI application that runs `pipe` on the images that it is sent.

    model: an ONNX file whose input is the pipeline's result; it adds /v1/predict. workers, max_batch, max_delay,
    max_queue: as in `Augmenter`. limits: for one image. max_files, max_copies: in one request. max_held: bytes of all
    bodies in memory. deadline: seconds for a request, of which a client may ask for fewer. body_timeout: seconds for a
    body to arrive. api_key: what /v1 and /metrics want in X-API-Key or as a bearer token. log: called with a mapping
    for each request.

    Raises ArgumentError for arguments that do not fit, for a model that does not take the pipeline's results, and for a
    random pipeline before a model.
    """
    settings = Settings(
        workers, max_batch, max_delay, max_queue, max_files, max_copies, max_held, deadline, body_timeout
    )
    if api_key is not None and not api_key:
        raise ArgumentError("app: api_key='' must not be empty")
    service = Service(pipe, model, settings, limits)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    made = FastAPI(title="twinlens", version=__version__ or "0", description=_ABOUT, lifespan=lifespan)
    made.router.redirect_slashes = False
    direct = _add_images(made, service, settings)
    made.add_api_route("/healthz", service.health, response_model=schemas.Health, tags=["server"])
    made.add_api_route("/healthz", service.health, methods=["HEAD"], include_in_schema=False)  # as some monitors ask
    made.add_api_route("/metrics", _counted(service), response_class=Response, tags=["server"], responses=_TEXT)
    routes = [*direct, *OPEN, "/metrics"]
    made.add_middleware(Gate, metrics=service.metrics, direct=direct, routes=routes, api_key=api_key, log=log)
    made.add_exception_handler(HTTPException, _not_routed)
    return made


def _add_images(made: FastAPI, service: Service, settings: Settings) -> dict[str, _Endpoint]:
    image, files = schemas.image_body(), schemas.files_body()
    draws = service.pipe.random
    plain = schemas.parameters(ONE, random=draws)
    copies = schemas.parameters(COPIES, random=True, copies=settings.max_copies)
    several = schemas.parameters(MANY, random=draws)
    _post(made, "/v1/transform", service.transform, ONE, schemas.Pixels, image, plain)
    _post(made, "/v1/batch", service.batch, MANY, schemas.Many, files, several)
    _post(made, "/v1/augment", service.augment, COPIES, schemas.Many, image, copies)
    direct: dict[str, _Endpoint] = {
        "/v1/transform": service.transform,
        "/v1/batch": service.batch,
        "/v1/augment": service.augment,
    }
    if service.model is None:
        return direct
    _post(
        made, "/v1/predict", service.predict, PREDICT, schemas.Outputs, image, schemas.parameters(PREDICT, random=False)
    )
    return {**direct, "/v1/predict": service.predict}


def _counted(service: Service) -> Callable[[], Awaitable[Response]]:
    async def metrics() -> Response:
        """Counters for Prometheus."""
        return Response(service.metrics.text(), media_type=service.metrics.media_type)

    return metrics


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "In Prometheus' format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


def _post(
    made: FastAPI,
    path: str,
    endpoint: _Endpoint,
    formats: tuple[str, ...],
    model: type[Any],
    body: dict[str, Any],
    parameters: list[dict[str, Any]],
) -> None:
    """For the document, and for where the application is mounted in another; else the gate calls the endpoint."""

    async def handle(request: Request) -> Response:
        reply = await endpoint(Call(request.scope, request.receive))
        return Response(reply.body, reply.status, reply.headers, reply.media_type)

    made.add_api_route(
        path,
        handle,
        methods=["POST"],
        name=path.rsplit("/", 1)[1],
        description=endpoint.__doc__,
        tags=["images"],
        response_class=Response,
        responses=schemas.replies(formats, model),
        openapi_extra={"requestBody": body, "parameters": parameters},
    )


async def _not_routed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refused = Refused(error.status_code, "http", str(error.detail), dict(error.headers or {}))
    return Response(refused.body, refused.status, refused.headers, "application/json")
