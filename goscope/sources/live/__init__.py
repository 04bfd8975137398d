"""Live programs: pprof servers, child processes, pipes."""
