"""Shares of a whole, drawn for every sample by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from twinlens import _native

if TYPE_CHECKING:
    from twinlens.random import Draws
    from twinlens.steps.spec import Reals

__all__ = ["NUMBERS", "dirichlet"]

_TRIES = 32
#: uniform numbers that one share takes
NUMBERS = 2 * _TRIES + 1
_TINY = 2.0**-54
_LOG4 = 1.3862943611198906


def dirichlet(draws: Draws, alpha: float, shares: int, *, first: int = 0) -> Reals:
    """(B, shares), not negative, summing to 1: symmetric Dirichlet; Beta(alpha, alpha) is the first of two.

    Has up to `shares * NUMBERS` draws from `first` on: gamma variates over their sum, as logarithms, so that small
    alphas do not vanish. Logarithms and exponentials are the core's own, so that no C library decides a number.
    """
    if alpha == 1.0:  # gamma variates are exponential ones
        logs = _log(-_log(1.0 - draws.uniform(shares, first=first)))
    else:
        u = draws.uniform(shares * NUMBERS, first=first)
        logs = _log_gamma_variates(u.reshape(-1, shares, NUMBERS), alpha)
    variates = np.asarray(_native.exp(logs - logs.max(1, keepdims=True)))
    parts: Reals = variates / variates.sum(1, keepdims=True)
    return parts


def _log_gamma_variates(u: Reals, alpha: float) -> Reals:
    """Logarithms of gamma variates (B, n) of uniform numbers (B, n, NUMBERS).

    Cheng's method GA (1977), whose tries are accepted with a chance of 0.68 or more: of 32 one is, but for a chance
    below 1e-15, in which case the last is taken. alpha < 1: a variate of alpha + 1 times u ** (1 / alpha).
    """
    shape = alpha + 1.0 if alpha < 1.0 else alpha
    root = math.sqrt(2.0 * shape - 1.0)
    first, second = u[..., :_TRIES], u[..., _TRIES:-1]
    log_first = _log(first)
    slope = (log_first - _log(1.0 - first)) / root
    variate = shape * np.asarray(_native.exp(slope))
    bend = shape - _LOG4 + (shape + root) * slope - variate
    accepted = bend >= 2.0 * log_first + _log(second)
    accepted[..., -1] = True
    chosen = np.argmax(accepted, axis=-1, keepdims=True)
    logs = np.asarray(_native.log(np.array([shape])))[0] + np.take_along_axis(slope, chosen, -1)[..., 0]
    scaled: Reals = logs + _log(1.0 - u[..., -1]) / alpha if alpha < 1.0 else logs
    return scaled


def _log(values: Reals) -> Reals:
    logs: Reals = np.asarray(_native.log(np.maximum(values, _TINY)))
    return logs
