"""The rows of the catalog, a module for each publisher or runtime."""
