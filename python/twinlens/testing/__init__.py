"""Conformance: whether a transform or a step keeps what twinlens promises.

In a plugin's tests:

    >>> from twinlens.testing import check_transform
    >>> from twinlens import transforms as T
    >>> report = check_transform(T.RandomHorizontalFlip())
    >>> report.failed
    []

`twinlens plugins check PACKAGE` does the same for everything that a plugin registers.
"""

from __future__ import annotations

from twinlens.testing.report import Outcome, Report
from twinlens.testing.suite import CHECKS, check_step, check_transform

__all__ = ["CHECKS", "Outcome", "Report", "check_step", "check_transform"]
