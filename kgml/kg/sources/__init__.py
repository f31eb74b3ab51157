"""Where ontologies come from: files, imports, catalogs, the network, SPARQL endpoints."""
