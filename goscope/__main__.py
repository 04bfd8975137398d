"""``python -m goscope``."""

from goscope.cli import command

command()
