"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Of one application. waiting: how many images wait; held: bytes of bodies in memory."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, waiting: Callable[[], int], held: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        requests = ("twinlens_requests", "Requests that were answered.", ("route", "status"))
        self._requests = Counter(*requests, registry=registry)
        seconds = ("twinlens_request_seconds", "From the headers to the last byte of the reply.", ("route",))
        self._seconds = Histogram(*seconds, buckets=_SECONDS, registry=registry)
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._images = Counter("twinlens_images", "Images that were asked for.", ("outcome",), registry=registry)
        self._batches = Histogram("twinlens_batch_size", "Images in a batch.", buckets=_SIZES, registry=registry)
        Gauge("twinlens_queue_length", "Images that no worker has yet.", registry=registry).set_function(waiting)
        Gauge("twinlens_held_bytes", "Bytes of bodies in memory.", registry=registry).set_function(held)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One that was answered."""
        labels = (route, status)
        if labels not in self._known:  # looking them up costs more than counting
            self._known[labels] = self._requests.labels(route, str(status)), self._seconds.labels(route)
        counter, histogram = self._known[labels]
        counter.inc()
        histogram.observe(seconds)

    def images(self, outcome: str, count: int = 1) -> None:
        """ok, or the code of an error."""
        self._images.labels(outcome).inc(count)

    def batch(self, size: int) -> None:
        """One that a worker was given."""
        self._batches.observe(size)

    def text(self) -> bytes:
        """In Prometheus' own format."""
        return generate_latest(self._registry)
