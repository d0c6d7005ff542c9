"""The benchmark: which runtime, on this machine, on this audio."""
