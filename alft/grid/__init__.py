"""A W&B sweep file on one machine, without an account: which runs it means, which are left, and how they are run."""
