"""Ready pipelines: the usual recipes by name, and those that come with a model, with the same tensors.

    >>> from twinlens import presets
    >>> pipe = presets.get("inception_v3")
    >>> pipe.transforms[1].size
    (299, 299)

`get(name)` is the recipe for evaluation, `get(name, train=True)` for training. `from_torchvision`, `from_timm` and
`from_huggingface` read what a model brings along.
"""

from __future__ import annotations

from twinlens.presets.deviation import DeviationWarning
from twinlens.presets.huggingface import from_huggingface
from twinlens.presets.recipes import get, names
from twinlens.presets.timm import from_timm
from twinlens.presets.torchvision import from_torchvision

__all__ = ["DeviationWarning", "from_huggingface", "from_timm", "from_torchvision", "get", "names"]
