"""Say who an identifier is, what ties two identifiers, and what keeps two people apart."""
