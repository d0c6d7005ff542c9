"""Weights on disk: their format, languages and tasks, read from headers and JSON alone."""
