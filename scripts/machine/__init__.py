"""What a machine has and what it lacks: the doctor and the downloads."""
