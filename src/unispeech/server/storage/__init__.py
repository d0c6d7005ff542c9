"""The database and the files of the service."""
