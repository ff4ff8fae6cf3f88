"""The page and the workbook that people read."""
