"""Simulated heads, lesions and PET with known truth; nothing here shows a person."""
