"""Paths that know the load: main paths and their detours chosen together, so that guaranteed rates
fit under every failure that is protected against, and as little longer as can be. Pure.

Read ``fitting`` first, then ``chosen``. ``setting`` says who chooses and who keeps the paths that
it has, which are ``fixed``; ``space`` says which paths a demand has, and what each loads while what
fails; ``program`` is the linear program over them, whose columns are paths, ``pricing`` finds new
ones; ``rounding`` makes whole ways of shares; ``bounds`` says what no choice can be better than.
"""
