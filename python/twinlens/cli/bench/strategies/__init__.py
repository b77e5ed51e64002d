"""`twinlens bench SRC --strategies`: ways to put many images through a pipeline, on one machine."""
