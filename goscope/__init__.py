"""goscope: the doctor for running Go programs."""
