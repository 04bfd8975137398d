"""What was read: the tables of all inputs."""
