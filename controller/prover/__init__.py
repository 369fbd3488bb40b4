"""The prover: holds what switches say against what was declared. Pure values in, a proof out."""

from corridor.controller.prover.others import prove_others
from corridor.controller.prover.prove import Prover, prove
from corridor.controller.prover.search.tables import Tables, read_dump, tables_of
from corridor.controller.prover.verdicts import Proof

__all__ = ["Proof", "Prover", "Tables", "prove", "prove_others", "read_dump", "tables_of"]
