"""How many octets messages have: one kind of sizes a file. Pure, standard library only.

Sizes are drawn while a run is planned, in octets as the workload is written, before anything is
scaled.
"""
