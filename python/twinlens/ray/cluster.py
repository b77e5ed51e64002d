"""The cluster, and what its workers are told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from twinlens.errors import ArgumentError, TwinlensError

__all__ = ["connected", "environment", "ray_package"]

#: what a worker needs to find and to open buckets
_TOLD = ("AWS_", "FSSPEC_")


def ray_package() -> Any:
    """The package, or how to get it."""
    try:
        import ray
        import ray.data
    except ImportError:
        raise TwinlensError("Ray is not installed: pip install twinlens[ray]") from None
    return ray


def environment(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that workers are given. They go from process to process: a runtime_env would show them to
    everybody who sees the dashboard.
    """
    return {name: value for name, value in variables.items() if name.startswith(_TOLD)}


@contextmanager
def connected(address: str | None = None) -> Iterator[Any]:
    """Ray, connected: to what this process is connected to already, else to `address`, and then only for so long.

    address: "auto" for the cluster that runs here, "local" for a new one in this machine, host:port; None for
    RAY_ADDRESS, the cluster that runs here, or a new one. ArgumentError where there is no such cluster.
    """
    ray = ray_package()
    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address or None, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        raise ArgumentError(f"ray={address!r}: {' '.join(str(error).split())}") from None
    try:
        yield ray
    finally:
        ray.shutdown()
