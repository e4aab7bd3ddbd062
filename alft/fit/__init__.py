"""Everything around the training of a run: Trainer, journal, interruption, final test and summary."""
