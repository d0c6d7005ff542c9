"""The limit on open files and sockets of this process."""

from __future__ import annotations

WANTED = 65_536
"""Descriptors that a server can use; the soft limit of most systems is 1,024."""


def raise_limit(wanted: int = WANTED) -> int:
    """Raise the soft limit towards `wanted`, at most to the hard limit, and return it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        except (OSError, ValueError):  # macOS allows less than its hard limit says
            return soft
        return allowed
    return wanted if soft == resource.RLIM_INFINITY else soft
