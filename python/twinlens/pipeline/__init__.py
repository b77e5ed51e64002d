"""From a pipeline and an image to a plan, and from a plan to a result."""
