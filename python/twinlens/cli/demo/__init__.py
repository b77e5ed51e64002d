"""`twinlens demo`: the main job, parity, speed and a contact sheet on scikit-image's pictures."""
