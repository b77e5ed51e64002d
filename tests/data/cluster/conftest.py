"""A cluster for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nodes import Cluster, cluster  # before ray, which reads its environment once

pytest.importorskip("ray", reason="needs twinlens[ray]")


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    """A head and a node, a CPU each; this process is connected."""
    with cluster() as made:
        yield made
