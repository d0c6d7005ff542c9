"""APIs of other speech services, for their unmodified clients; one package or module each."""
