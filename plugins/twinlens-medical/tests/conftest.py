from __future__ import annotations

import torch
from hypothesis import HealthCheck, settings

settings.register_profile("plugin", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plugin")

torch.set_num_threads(1)
