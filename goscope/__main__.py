"""``python -m goscope``."""

from goscope.cli import main

main()
