"""Carries out studies: each cell a separate run, by the workers of Dask."""
