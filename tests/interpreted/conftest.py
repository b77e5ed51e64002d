"""Collected under TRITON_INTERPRET=1 only, which has to be set before triton is imported: see tests/test_triton.py."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("TRITON_INTERPRET") == "1" else ["test_*.py"]
