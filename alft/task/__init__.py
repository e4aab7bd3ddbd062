"""What is predicted for a text: the one home of targets, loss, probabilities, decisions and macro-F1."""
