"""People who label: rounds of asking and answering, kept in a folder with a journal that is only ever appended to."""
