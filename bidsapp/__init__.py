"""A BIDS App for multimodal MRI and PET: coma, multiple sclerosis, anomaly. Research use only."""

__version__ = "0.1.0"
