"""The engine: a loaded backend, and the chain of stages from sources to transcripts."""
