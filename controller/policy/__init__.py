"""Sovereignty policies as values: what the law asks, what a policy allows, which path is left.

Read in this order::

    data_flow   facts about a flow of data, and conditions on them
    law         rules of law as data: sources, dates, confidence, days of review
    classifier  facts -> class, legal basis, the rules that decided; or that no one researched it
    facts       facts as people give them, every name looked up
    law_calendar  what changed between two days, what is due, what is overdue
    terms       jurisdictions, groups, and selectors of hubs
    clauses     the hard clauses, one kind a file
    model       policies, data classes, bindings, demands
    load        YAML -> a checked PolicySet
    automaton   one demand under one permit, as a deterministic automaton
    semantics   the policies of a demand, and verdicts on paths
    routes      the delay-shortest allowed path, or why there is none
    schema      JSON Schema of a policy file, for editors

Everything here is pure: no switches, no clock (the date is an argument), no network.
None of it is legal advice.
"""
