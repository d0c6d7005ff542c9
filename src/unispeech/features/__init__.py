"""Log-mel features of Whisper."""
