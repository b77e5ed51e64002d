"""Separable blurs: Gaussian and box."""
