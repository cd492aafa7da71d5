"""The command line: options, exit codes, entry points. Nothing heavy is imported here."""
