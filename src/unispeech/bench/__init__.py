"""The benchmark: speed and accuracy of runtimes and models on this machine and any audio."""
