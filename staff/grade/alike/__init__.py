"""Which submissions look alike."""
