"""Runs a W&B sweep file on one machine, without an account: its runs, those not yet finished, and their execution."""
