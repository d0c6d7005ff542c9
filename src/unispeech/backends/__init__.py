"""Runtimes behind one contract: `base` is the contract, `registry` says which there are."""
