"""One run from scenario to results folder, on any testbed; programs and policy tests of users
in the network.
"""
