"""Scenarios, plans, and how they did."""
