"""Torch modules, built on MONAI's blocks."""
