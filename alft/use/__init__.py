"""What is done with a trained model? Predictions for new texts, and exports that need no alft."""
