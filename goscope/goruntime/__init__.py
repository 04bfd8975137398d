"""What Go itself defines: states, wait reasons, fields and names, as data.

The one source of these facts for parsers, rules and ``goscope explain``. Each fact names where in
the Go sources it comes from. Nothing here reads input, and nothing of goscope is imported.
"""
