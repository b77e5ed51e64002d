"""`import twinlens.transforms.v2.functional as F`: the same module as `twinlens.transforms.functional`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from twinlens.transforms import functional

if TYPE_CHECKING:
    from twinlens.transforms.functional import *  # noqa: F403

sys.modules[__name__] = functional
