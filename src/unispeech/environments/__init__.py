"""Interpreters of their own for libraries that cannot share one, and the processes that use them.

locks/       what each environment holds, pinned; data
catalog      the locks, read
place        where the environments are kept, which of them are whole
install      making and removing one
process      this end of a worker process: calls go out, answers come back
worker       the other end; runs in the environment and needs nothing there but the library
"""
