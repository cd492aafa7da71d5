"""How sure a score is: intervals and sets with coverage measured, and when to give no score at all."""
