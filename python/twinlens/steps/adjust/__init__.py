"""Brightness, contrast, saturation and hue."""
