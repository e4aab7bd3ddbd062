"""The classifier: Hugging Face encoders with full or LoRA fine-tuning, and their uncertainty (method.md 8 and 9)."""
