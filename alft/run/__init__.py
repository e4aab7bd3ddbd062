"""What a user starts and what is left afterwards: command line, tables, run folder, controls, demo data."""
