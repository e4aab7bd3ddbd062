"""Runs a W&B sweep file, or a rehearsal, on one machine without an account: its runs, those left to do, their execution."""
