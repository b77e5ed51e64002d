"""`python -m twinlens.cli`."""

from __future__ import annotations

from twinlens.cli import main

main()
