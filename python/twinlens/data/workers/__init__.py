"""Threads and processes that make the results of a job, in bounded memory, handed on in order."""

from __future__ import annotations

from twinlens.data.workers.crew import Crew, check_executor, check_memory, results

__all__ = ["Crew", "check_executor", "check_memory", "results"]
