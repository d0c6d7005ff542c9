"""Shared parts of the tests: samples, recordings, servers, browsers."""
