"""What a server counts, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class _Spread:
    """How many values lie up to each bound, and their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """One more."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def put(self, metric: HistogramMetricFamily, labels: list[str]) -> None:
        """As a sample of `metric`."""
        buckets, total = [], 0
        for bound, count in zip((*map(float, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            buckets.append((str(bound), float(total)))
        metric.add_metric(labels, buckets, self._sum)


class Metrics:
    """Of one application, counted in the loop's thread with plain numbers, which become samples when somebody asks.
    waiting: how many images wait; held: bytes of bodies in memory.
    """

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, waiting: Callable[[], int], held: Callable[[], int]) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, _Spread] = {}
        self._images: Counter[str] = Counter()
        self._batches = _Spread(_SIZES)
        self._registry = registry = CollectorRegistry()
        registry.register(self)
        Gauge("twinlens_queue_length", "Images that no worker has yet.", registry=registry).set_function(waiting)
        Gauge("twinlens_held_bytes", "Bytes of bodies in memory.", registry=registry).set_function(held)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One that was answered."""
        self._requests[route, status] += 1
        if route not in self._seconds:
            self._seconds[route] = _Spread(_SECONDS)
        self._seconds[route].add(seconds)

    def images(self, outcome: str, count: int = 1) -> None:
        """ok, or the code of an error."""
        self._images[outcome] += count

    def batch(self, size: int) -> None:
        """One that a worker was given."""
        self._batches.add(size)

    def collect(self) -> Iterator[Metric]:
        """For Prometheus' registry."""
        words = "Requests that were answered."
        requests = CounterMetricFamily("twinlens_requests", words, labels=["route", "status"])
        for (route, status), count in self._requests.items():
            requests.add_metric([route, str(status)], count)
        words = "From the headers to the last byte of the reply."
        seconds = HistogramMetricFamily("twinlens_request_seconds", words, labels=["route"])
        for route, spread in self._seconds.items():
            spread.put(seconds, [route])
        images = CounterMetricFamily("twinlens_images", "Images that were asked for.", labels=["outcome"])
        for outcome, count in self._images.items():
            images.add_metric([outcome], count)
        batches = HistogramMetricFamily("twinlens_batch_size", "Images in a batch.", labels=[])
        self._batches.put(batches, [])
        yield from (requests, seconds, images, batches)

    def text(self) -> bytes:
        """In Prometheus' own format."""
        return generate_latest(self._registry)
