"""Many runs as one file: conditions, seeds, measures, intervals, tables; its cells run by the
workers of Dask.
"""
