"""Text encoder, fusion and classifier trained together (``--head transformer``), in parts: what is
trained, the module, its steps, the run, and what may be trained at all."""
