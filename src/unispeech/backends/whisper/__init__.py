"""Code shared by several Whisper adapters."""
