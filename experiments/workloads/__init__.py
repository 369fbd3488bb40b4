"""What a class of data sends: one kind of workload a file. Pure.

A kind says when messages are to begin, how large they are, and what they wait for; which addresses
and ports they have is known once a run is planned. Sizes and times are those of the scenario, and
come to the plan scaled.
"""
