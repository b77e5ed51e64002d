"""Median, Morphology: filters that choose one sample of a window."""
