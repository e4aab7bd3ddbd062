"""What surrounds the training of a run: Trainer, journal, interruption, controls, the final test and the summary."""
