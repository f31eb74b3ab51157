"""What a labelled table alone says about itself: no model, no graph."""
