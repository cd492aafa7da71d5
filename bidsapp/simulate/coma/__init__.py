"""Simulated coma patients whose score follows from injury to a stated network; they show no person."""
