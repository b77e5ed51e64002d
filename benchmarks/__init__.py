"""The rows of `twinlens.cli.bench` as pytest-benchmark's benchmarks and as committed reports, with targets.

`python -m pytest benchmarks --benchmark-only -c benchmarks/pytest.ini` runs all of it under pytest-benchmark;
`python -m benchmarks.report --photos DIR --out benchmarks/results` times the same rows interleaved and writes a report.
The rivals are in `requirements.txt`, for an environment of their own.
"""

import os

# Read when the libraries load, so before any submodule imports one of them.
os.environ.update({"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "NO_ALBUMENTATIONS_UPDATE": "1"})
