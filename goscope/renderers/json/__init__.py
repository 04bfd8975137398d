"""The JSON contract, its schemas, and JSON of goroutine lists and comparisons."""
