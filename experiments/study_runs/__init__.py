"""Carries out studies: each cell a run of its own, by the workers of Dask."""
