"""Code that nobody trusts, run behind walls."""
