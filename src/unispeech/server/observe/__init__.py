"""Logging and metrics of the service."""
