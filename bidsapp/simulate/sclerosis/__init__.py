"""Simulated multiple sclerosis on healthy heads: every contrast, all lesions, which of them are active."""
