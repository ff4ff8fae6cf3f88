"""From a company total to fair targets that tie out."""
