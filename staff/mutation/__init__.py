"""How sharp the checks are: small changes to the solution, each of which a check must notice. See __main__."""
