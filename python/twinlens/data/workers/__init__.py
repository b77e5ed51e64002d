"""Threads and processes that make the results of a job, in bounded memory, handed on in order."""

from __future__ import annotations

from twinlens.data.workers.crew import EXECUTORS, Crew, results

__all__ = ["EXECUTORS", "Crew", "results"]
