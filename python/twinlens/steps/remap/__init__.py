"""Remap: every output pixel looked up at a place of the input that a smooth map names."""
