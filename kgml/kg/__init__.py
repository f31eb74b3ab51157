"""Ontology files become one numbered graph: immutable columns, no torch.

`kgml.kg.load.load_graph` reads, `kgml.kg.graph.KnowledgeGraph` is what the other rooms see.
"""
