"""Interfaces of other speech services, for their unmodified clients: one room a dialect."""
