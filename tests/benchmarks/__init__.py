"""How fast goscope is, as ratios to what the same machine does at the same time.

``python -m tests.benchmarks`` makes the inputs, measures whole processes and prints a table.
"""
