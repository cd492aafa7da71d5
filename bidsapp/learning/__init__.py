"""Losses, training loops and statistics of learning; knows tensors, not patients."""
