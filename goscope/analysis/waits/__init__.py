"""What goroutines wait for: wakeups, locks and their holders, orphans, benign growth."""
