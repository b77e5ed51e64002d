"""`twinlens parity`: a pipeline beside the same in other libraries, on the user's own images."""
