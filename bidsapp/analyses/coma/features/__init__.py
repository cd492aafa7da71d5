"""From patients to columns of numbers; what is learned is learned from the training patients alone."""
