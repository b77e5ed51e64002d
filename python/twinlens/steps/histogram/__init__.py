"""Tables that follow from an image's histogram."""
