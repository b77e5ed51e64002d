"""`twinlens stats`."""
