"""Files, archives, folders and streams, unpacked."""
