"""Goroutine dumps: headers, stacks, arguments."""
