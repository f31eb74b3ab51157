"""Tables of texts and labels: read, checked, split. Imports no other room."""
