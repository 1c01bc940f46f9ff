"""Speed, memory and precision of the package beside named peers: `python -m benchmarks`."""
