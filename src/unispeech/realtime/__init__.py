"""Live transcription: a session that turns samples into events, and the sources of samples."""
