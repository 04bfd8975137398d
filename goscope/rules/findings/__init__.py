"""How each family of rules words its findings."""
