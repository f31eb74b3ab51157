"""What axioms say: edges with their origin, inference, contradictions, shapes."""
