"""Readers of files and folders, one format a file: every cell as written, no types inferred."""
