"""From bytes to records: what a record looks like is declared by each format and handed in here."""
