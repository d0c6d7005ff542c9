"""Code that several adapters of Whisper share."""
