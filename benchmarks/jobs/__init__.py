"""The whole job, a folder of JPEGs to a Parquet column of raw pixels, beside the scripts that people write for it.

Every module with a `job` is such a script: `python -m benchmarks.jobs.executor FOLDER OUT.parquet --workers 2`. All
resize the shorter side to 256, crop 224 from the centre, and write uint8 without compression or dictionary.
`python -m benchmarks.jobs.measure PHOTOS --out benchmarks/results` runs all of them in turn, and `twinlens run`.
`python -m benchmarks.jobs.on_ray PHOTOS` is the same through Ray, beside the usual script for Ray Data.
"""
