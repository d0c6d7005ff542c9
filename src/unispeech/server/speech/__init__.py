"""Speech to text for the service: shared engines, decoding processes, live streams."""
