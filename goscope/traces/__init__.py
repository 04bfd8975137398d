"""What an execution trace holds: its bytes decoded, put in order, and summed up, with numpy."""
