"""Scenarios and targets on screen; nothing is computed here."""
