"""What every route shares: requests read, responses and errors written, the protocol itself."""
