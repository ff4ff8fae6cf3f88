"""Forecast demand and allocate sales targets."""
