"""The command line: parsing, error sentences, and one file per command."""
