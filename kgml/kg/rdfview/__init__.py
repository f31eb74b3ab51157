"""The graph as RDF again: a lazy rdflib store, and what SPARQL is asked of."""
