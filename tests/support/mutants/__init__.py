"""Ways to spoil correct tables: each a mutant, with the claim that has to notice."""

from mutants import edges, entries, labels, ways
from mutants.tool import MUTANTS, Mutation, proof_of

__all__ = ["MUTANTS", "Mutation", "edges", "entries", "labels", "proof_of", "ways"]
