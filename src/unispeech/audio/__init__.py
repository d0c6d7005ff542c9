"""Any recording as 16 kHz mono samples on its own timeline."""
