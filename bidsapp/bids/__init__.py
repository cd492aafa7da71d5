"""The layout on disk: finding inputs, naming and writing derivatives, building cohorts; pybids lives here."""
