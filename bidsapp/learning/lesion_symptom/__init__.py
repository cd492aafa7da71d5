"""Lesion-symptom mapping: which places, when hurt, go with a worse score, corrected for all tests."""
