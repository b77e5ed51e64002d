"""A member of an archive that is too large to keep: it goes up in parts, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archives import encoded, held, pack
from faults import Faulty, Rule

from twinlens import data


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, bytes]:
    """An archive with a member that goes up in three parts."""
    import s3fs

    module = __import__("sys").modules[data.ingest.__module__]
    monkeypatch.setattr(module, "_LARGE", 1 << 20)
    monkeypatch.setattr(module, "_PIECE", 1 << 20)
    monkeypatch.setattr(s3fs.S3FileSystem, "default_block_size", 5 << 20)
    content = np.random.default_rng(0).bytes(12 << 20)
    return pack(tmp_path / "large.tar", {"0.png": encoded(0), "large.png": content}), content


@pytest.mark.parametrize(
    ("rule", "attempts"),
    [
        (None, "1"),
        (Rule("503", times=1, method="PUT", path="partNumber=2"), "2"),
        (Rule("reset", times=1, method="POST", path="uploadId"), "2"),
    ],
)
def test_a_large_member_goes_up_in_parts(
    rule: Rule | None, attempts: str, shaky: Faulty, large: tuple[Path, bytes], bucket: str, steady: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    shaky.rules = [] if rule is None else [rule]
    target = f"large_{attempts}_{'' if rule is None else rule.fault}"
    done = data.ingest(large[0], f"{bucket}/{target}")
    assert done.failures == []
    assert held(steady, target)["large.png"] == large[1]
    assert len({path for method, path, _ in shaky.seen if method == "PUT" and "partNumber" in path}) == 3
    assert steady.list_multipart_uploads("pictures") == []


@pytest.mark.parametrize(
    "rule",
    [
        Rule("503", method="POST", path="uploads"),
        Rule("500", method="PUT", path="partNumber=2"),
        Rule("reset", method="PUT", path="partNumber=3"),
        Rule("denied", method="POST", path="uploadId"),
    ],
    ids=lambda rule: f"{rule.method} {rule.path}",
)
def test_half_a_large_member_leaves_nothing(
    rule: Rule, shaky: Faulty, large: tuple[Path, bytes], bucket: str, steady: Any
) -> None:
    shaky.rules = [rule]
    done = data.ingest(large[0], f"{bucket}/half")
    assert [name for name, _ in done.failures] == ["large.png"]
    assert "large.png" not in held(steady, "half")
    assert steady.list_multipart_uploads("pictures") == []
    shaky.rules = []
    assert data.ingest(large[0], f"{bucket}/half").failures == []
    assert held(steady, "half")["large.png"] == large[1]
    steady.rm("pictures/half", recursive=True)


def test_a_large_member_that_is_cut_short(
    shaky: Faulty, large: tuple[Path, bytes], bucket: str, steady: Any, tmp_path: Path
) -> None:
    archive = tmp_path / "cut.tar"
    archive.write_bytes(large[0].read_bytes()[: 9 << 20])
    done = data.ingest(archive, f"{bucket}/cut")
    assert done.failures[0][0] == "large.png"
    assert any("partNumber=1" in path for _, path, _ in shaky.seen)
    assert sorted(held(steady, "cut")) == ["0-2.png", "0.png"]
    assert steady.list_multipart_uploads("pictures") == []
