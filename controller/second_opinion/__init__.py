"""A second opinion on policies and tables, which shares no decision with the first.

Compiler, proof, exact search and monitor ask one evaluator what policies allow. Here is another,
written from ``docs/policies.md`` alone: it reads a whole path at once, without states, and takes
policies as plain data. A packet walker of its own follows packets through what switches hold.
"""

from corridor.controller.second_opinion.declared import Declared
from corridor.controller.second_opinion.packet_check import EVERY_SINGLE, OF_A_RUN, Sample, compare
from corridor.topologies.base.opinion import Disagreement, SecondOpinion

__all__ = [
    "EVERY_SINGLE",
    "OF_A_RUN",
    "Declared",
    "Disagreement",
    "Sample",
    "SecondOpinion",
    "compare",
]
