"""Runs that nobody watches: job files, the data gate, what changed, notices, and what is kept."""
