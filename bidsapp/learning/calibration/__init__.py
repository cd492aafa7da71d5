"""Whether a probability of 0.8 is right eight times of ten, and the scaling that makes it so."""
