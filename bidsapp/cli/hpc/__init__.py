"""The program ``bidsapp-hpc``: array scripts for clusters, one subject a task."""
