"""The code under check as the checks see it, and the process that holds it."""
