"""What is printed on a terminal: the summary, lists, live pages."""
