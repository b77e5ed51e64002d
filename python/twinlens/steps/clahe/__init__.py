"""Contrast limited adaptive histogram equalisation."""
