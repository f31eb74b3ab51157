"""Language models from scratch: a corpus and an ontology become tokens, these become a model."""
