"""Why a network says what it says: relevance maps that are checked, and Shapley values of contrasts."""
