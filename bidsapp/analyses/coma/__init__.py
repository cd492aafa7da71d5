"""Coma: a score with its doubt, from few patients with many images."""
