"""A cluster for the tests of a module."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from nodes import Cluster, cluster

# Ray reads them once, when it is imported.
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=uuid.uuid4().hex)
pytest.importorskip("ray", reason="needs twinlens[ray]")


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    """A head and a node, a CPU each; this process is connected."""
    with cluster() as made:
        yield made
