"""Noise by pixel, the same on every device."""
