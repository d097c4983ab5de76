"""Many photos: the feature pass as a job on many processes or machines, `python -m
scripts.features_job`.
"""
