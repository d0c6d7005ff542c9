"""The machine: processor cores and the memory allocator."""
