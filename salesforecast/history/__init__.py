"""From the user's files to regular series: sources, load, mapping, validate, series."""
