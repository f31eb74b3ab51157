"""A training loop for any torch module: what is trained and on what, the task says."""
