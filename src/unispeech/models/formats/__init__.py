"""Formats of weights on disk, with languages and tasks read from headers and JSON files only."""
