"""Aligners: the times at which the words of a known text are spoken."""
