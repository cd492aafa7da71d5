"""Figures and self-contained HTML reports; they know findings and layout, not analyses."""
