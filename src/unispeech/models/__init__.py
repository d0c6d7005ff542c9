"""Weights: what there is, where it lies, and how one format becomes another."""
