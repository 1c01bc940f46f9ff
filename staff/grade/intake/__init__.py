"""Which submissions there are, and what is in them."""
