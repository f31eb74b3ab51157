"""What is predicted: one label, several, an ordered class, a number."""
