"""Models from the median to fusion networks, one interface."""
