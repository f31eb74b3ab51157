"""Files in any format become N-Triples blocks, and blocks become integer columns."""
