"""From inputs to a capture: streams are framed, records read into tables, the tables linked."""
