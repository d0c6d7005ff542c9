"""HTTP parts shared by all routes: protocol, admission, request bodies, error responses."""
