"""What an actor does: shards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from twinlens.data.sharding import Plan, Shard, write_shard

if TYPE_CHECKING:
    from twinlens.data.entries import Entry

__all__ = ["Writer"]


class Writer:
    """The actor."""

    def __init__(self, environment: dict[str, str]) -> None:
        os.environ.update(environment)
        self._plan: tuple[Any, Plan] | None = None

    def ready(self) -> str:
        """The node that it runs on."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def write(self, plan: list[Any], entries: tuple[Entry, ...]) -> Shard:
        """Their shard, named by its first row: whoever makes it makes the same file. plan: a reference, in a list, so
        that it is fetched once.
        """
        import ray

        if self._plan is None or self._plan[0] != plan[0]:
            self._plan = plan[0], ray.get(plan[0])
        return write_shard(self._plan[1], entries)
