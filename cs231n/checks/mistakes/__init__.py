"""Known mistakes, recognised by what code answers to the checks."""
