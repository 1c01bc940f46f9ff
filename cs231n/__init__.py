"""A course assignment about backpropagation: modular layers, update rules, models and a solver in NumPy."""
