"""BIDS in and out: query, naming, dataset metadata, cohorts. pybids lives here and only here."""
