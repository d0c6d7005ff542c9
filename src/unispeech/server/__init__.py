"""The service: jobs that survive, and the HTTP dialects that clients already speak."""
