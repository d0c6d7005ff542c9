"""Jobs: accepted, run to the end whatever happens, corrected, removed."""
