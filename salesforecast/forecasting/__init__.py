"""From series to coherent means and samples."""
