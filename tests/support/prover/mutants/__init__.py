"""Corruptions of correct tables: each a mutant, with the property that must notice it."""

from mutants import edges, entries, labels, paths
from mutants.tool import MUTANTS, Mutation, proof_of

__all__ = ["MUTANTS", "Mutation", "edges", "entries", "labels", "paths", "proof_of"]
