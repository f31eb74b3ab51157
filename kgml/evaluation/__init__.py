"""Scores with intervals and paired comparisons. Sees labels and predictions, nothing else."""
