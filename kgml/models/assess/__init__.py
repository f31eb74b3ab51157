"""What a labelled table can carry: volume, relevance, errors in labels, costs, a verdict."""
