"""One question asked of many trained models: does the ontology help, and what did?"""
