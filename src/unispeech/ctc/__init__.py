"""CTC: frame scores to words, and known words to times."""
