"""Everything around the training of a run: Trainer, journal, interruption, controls, final test and summary."""
