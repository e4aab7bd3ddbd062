"""What every floor needs of the machine: whole files, memory, signals, the terminal, the names of a run's files."""
