"""Speech recognition for the service: shared engines, audio decoding, live streams."""
