"""What several rules and pages look at, worked out once for a capture."""
