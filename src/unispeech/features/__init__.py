"""Log-mel features, as Whisper computes them."""
