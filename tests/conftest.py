"""Settings of the whole suite: hypothesis profiles, one torch thread, the cuda marker, the isa fixture."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, Phase, settings

# The isa fixture is set once around all examples of a test, which is what function_scoped_fixture warns about.
# How many draws do not fit is luck: a test still needs all of its examples, and fails where it finds none.
_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("ci", max_examples=50, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.register_profile("thorough", max_examples=500, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.register_profile(
    "mutants", max_examples=25, deadline=None, suppress_health_check=_QUIET, phases=[Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked cuda show up as skipped, with the reason, where there is no device."""
    if torch.cuda.is_available():
        return
    no_device = pytest.mark.skip(reason="torch sees no CUDA device")
    for item in items:
        if item.get_closest_marker("cuda"):
            item.add_marker(no_device)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `isa` runs once for every instruction set of this build on this CPU."""
    if "isa" in metafunc.fixturenames:
        import twinlens

        metafunc.parametrize("isa", twinlens.supported_isas(), indirect=True)


@pytest.fixture
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of the instruction set that the native kernels use during the test."""
    import twinlens

    before = twinlens.isa()
    twinlens.set_isa(request.param)
    try:
        yield request.param
    finally:
        twinlens.set_isa(before)
