"""What is added to a finished transcript."""
