"""Words and meaning together find entities. Imports ``linking``, ``encoders``, ``kg``, the leaves."""
