"""Sovereignty policies as values: what the law asks, what a policy allows, which path is left.

Read in this order::

    law         rules of law as data, with sources and confidence
    classifier  attributes of data -> class, legal basis, and the rules that decided
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
