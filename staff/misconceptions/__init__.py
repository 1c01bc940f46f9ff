"""The catalogue of wrong solutions that people really write: it measures the checks, and names the mistake."""
