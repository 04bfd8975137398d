"""Runs the rules over a capture and derives the verdicts; compares diagnoses; the live view."""
