"""Live speech: a session that hears samples and says events, and where samples come from."""
