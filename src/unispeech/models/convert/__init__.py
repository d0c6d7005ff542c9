"""One checkpoint in every format: a neutral form, and a reader and a writer for each format."""
