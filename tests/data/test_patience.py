"""`patiently`: what is tried again, how often, after which pauses."""

from __future__ import annotations

import errno
import time

import pytest
from faults import Faulty

from twinlens.data.sources import locations, patience


def test_pauses_double_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    tries: list[Exception] = []

    def fails(error: Exception) -> None:
        tries.append(error)
        raise error

    for error, count in [
        (OSError("SlowDown"), 5), (TimeoutError(), 5), (ConnectionResetError(), 5), (FileNotFoundError("x"), 1),
        (PermissionError("x"), 1), (OSError(errno.ENOSPC, "full"), 1), (ValueError("x"), 1), (KeyError("x"), 1),
    ]:  # fmt: skip
        tries.clear(), pauses.clear()
        with pytest.raises(type(error)):
            patience.patiently(lambda error=error: fails(error))
        assert len(tries) == count
        assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8][: count - 1])


def test_where_nobody_listens(shaky: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other than a web server, boto is not asked to connect once more: it has tried."""
    del shaky
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for where, count in (("s3://pictures/x", 0), ("http://127.0.0.1:1/x", 4)):
        pauses.clear()
        with pytest.raises(OSError, match="onnect"):
            locations.locate(where).read()
        assert len(pauses) == count
