"""Lines that GODEBUG asks for: schedtrace, gctrace and their siblings."""
