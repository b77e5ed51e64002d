"""Warp: affine and perspective maps."""
