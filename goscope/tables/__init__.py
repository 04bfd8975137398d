"""Typed tables of numpy columns with units, how they are built, and which rows of long ones are kept."""
