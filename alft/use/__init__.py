"""Using a trained model: predictions for new texts, and exports that do not require alft."""
