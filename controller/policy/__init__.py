"""Sovereignty policies as values: what the law asks, what a policy allows, which path is left.

Read in this order::

    data_flow   facts about a flow of data, and conditions on them
    law         rules of law as data: sources, dates, confidence, days of review
    classifier  facts -> class, legal basis, the rules that decided; or that no one researched it
    law_calendar  what changed between two days, what is due, what is overdue
    clauses     places, selectors of hubs and fibres, and the hard clauses, one kind a file
    model       policies, data classes, bindings, demands
    load        YAML -> a checked PolicySet
    written_at  the file and line of each policy
    automaton   one demand under one permit, as a deterministic automaton
    semantics   the policies of a demand, and verdicts on paths
    product     the product of a map and an automaton, as a graph
    permitted_paths  the delay-shortest allowed path, or why there is none
    certainty   delay, path and law in Monte Carlo samples of the map
    schema      JSON Schema of a policy file, for editors

Everything here is pure: no switches, no clock (the date is an argument), no network.
None of it is legal advice.
"""
