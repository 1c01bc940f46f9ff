"""Points for exercises: the checks of a submission, with secret seeds."""
