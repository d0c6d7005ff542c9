"""Tools for agents: one declaration of each, and the server of the Model Context Protocol (MCP)."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Hosts at which the server listens. For these the SDK checks `Host` and `Origin`."""
