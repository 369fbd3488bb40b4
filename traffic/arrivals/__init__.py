"""When packets are meant to leave: one kind of arrivals a file. Pure, standard library only.

Times are exact lists of integers, known before the run, in nanoseconds after the epoch. The agents
sleep until each of them on an absolute timer of CLOCK_REALTIME, the clock the kernel stamps
arrivals with, so intended times, T1 and T4 compare without conversion and no error adds up.
"""
