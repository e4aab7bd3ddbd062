"""Files of annotation tools, one format per file; each is recognised by its content."""
