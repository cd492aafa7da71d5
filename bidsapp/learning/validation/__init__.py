"""What a model is worth on patients it never saw, and guards against knowing them beforehand."""
