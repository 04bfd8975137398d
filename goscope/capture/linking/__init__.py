"""The passes that tie tables together: processes, clocks, samples, crashes and their goroutines."""
