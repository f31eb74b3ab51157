"""Knowledge-graph embeddings: a vector per entity and relation, learned from triples alone."""
