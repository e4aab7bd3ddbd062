"""Continued masked-language-model training of an encoder on texts without labels."""
