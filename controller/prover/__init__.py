"""The prover: holds what switches say against what was declared. Pure values in, a proof out."""

from controller.prover.prove import Proof, Prover, prove
from controller.prover.tables import Tables, read_dump, tables_of

__all__ = ["Proof", "Prover", "Tables", "prove", "read_dump", "tables_of"]
