"""Values over time, for charts and sparklines, with few enough points to draw."""
