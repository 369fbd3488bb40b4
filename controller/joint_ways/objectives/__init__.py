"""What paths are chosen by, where rates fit on more than one choice: one kind a file.

Read ``objective`` first: what a kind must offer. ``registry`` lists the kinds.
"""
