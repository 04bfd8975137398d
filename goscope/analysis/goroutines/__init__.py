"""Goroutines of dumps and profiles as columns, filtered and grouped."""
