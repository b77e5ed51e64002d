"""`twinlens bench`: one piece of work after the other, every library that is installed, outputs checked first.

A photo is in memory before the clock starts; rows are in `rows/`. The checkout's `benchmarks/` runs the same rows.
"""
