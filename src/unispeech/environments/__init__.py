"""Interpreters of their own for libraries that cannot share one, and the processes that use them.

locks/       what each environment holds, pinned; data
catalog      the locks, read
place        where the environments are kept, which of them are whole
install      making and removing one
process      an object in a worker process: started on first use, ended when idle or closed
life         one such process from its start to its end: calls go out, answers come back
worker       the other end; runs in the environment and needs nothing there but the library
"""
