"""`twinlens show`: contact sheets of images, their masks, boxes, and what a pipeline makes of them."""
