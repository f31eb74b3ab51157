"""The text encoder tuned on few labels, in parts: loss and batches, the run, what it is worth."""
