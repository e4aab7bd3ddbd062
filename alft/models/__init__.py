"""The classifier: Hugging Face encoders, full or with LoRA, and their uncertainty (method.md 8 and 9)."""
