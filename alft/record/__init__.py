"""What a run leaves behind, how it comes there whole, and how a stopped run goes on from it."""
