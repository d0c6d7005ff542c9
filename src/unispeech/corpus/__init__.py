"""Corpora: the rows of a manifest, transcribed into parts that survive any stop.

manifest → rows → sources → engine → records → parts

A part is written whole or not at all, so a run that was stopped continues after its last part.
"""
