"""A Ray cluster of node processes on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

__all__ = ["Cluster", "cluster"]

_SECONDS = 120.0  # for a node to be there


class Cluster:
    """A head, and nodes that join it; each of them a tree of processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port, self.dashboard_port = free_port(), free_port()
        self.nodes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def dashboard(self) -> str:
        return f"http://127.0.0.1:{self.dashboard_port}"

    def start_head(self, cpus: int, dashboard: bool) -> None:
        self._start(
            "--head", f"--port={self.port}", f"--num-cpus={cpus}", f"--temp-dir={self._folder}",
            f"--include-dashboard={dashboard}", f"--dashboard-port={self.dashboard_port}",
            f"--ray-client-server-port={free_port()}",
        )  # fmt: skip

    def start_node(self, cpus: int) -> subprocess.Popen[bytes]:
        return self._start(f"--address={self.address}", f"--num-cpus={cpus}")

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        ray = Path(sys.executable).with_name("ray")
        common = [
            "--block",
            "--disable-usage-stats",
            f"--object-store-memory={100 << 20}",
            "--node-ip-address=127.0.0.1",
        ]
        log = (self._folder / f"node{len(self.nodes)}.log").open("wb")
        with log:
            node = subprocess.Popen(
                [str(ray), "start", *arguments, *common, "--dashboard-agent-listen-port=0"],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # so that workers find what a test defines
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.nodes.append(node)
        return node

    def wait(self, ray: Any, nodes: int) -> None:
        """Until so many are there."""
        deadline = time.monotonic() + _SECONDS
        while sum(node["Alive"] for node in ray.nodes()) != nodes:
            assert time.monotonic() < deadline, [path.read_text() for path in self._folder.glob("*.log")]
            time.sleep(0.1)

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """Without a word to anybody."""
        with contextlib.suppress(psutil.NoSuchProcess):
            top = psutil.Process(node.pid)
            for process in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
        node.wait()
        self.nodes.remove(node)


@contextmanager
def cluster(cpus: int = 1, workers: int = 1, dashboard: bool = False) -> Iterator[Cluster]:
    """A head and so many nodes, all of as many CPUs; this process is connected."""
    import ray

    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # sockets have short names only
    made = Cluster(folder)
    try:
        made.start_head(cpus, dashboard)
        deadline = time.monotonic() + _SECONDS
        while not listening(made.port):
            assert time.monotonic() < deadline, (folder / "node0.log").read_text()
            time.sleep(0.1)
        for _ in range(workers):
            made.start_node(cpus)
        ray.init(made.address, log_to_driver=False)
        made.wait(ray, 1 + workers)
        yield made
    finally:
        ray.shutdown()
        for node in list(reversed(made.nodes)):
            made.kill(node)
        shutil.rmtree(folder, ignore_errors=True)


def listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
