"""The machine: processor cores, memory allocator, files and deprecation warnings."""
