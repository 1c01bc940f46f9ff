"""Wheels of the compiled kernels alone, for students without a compiler."""
