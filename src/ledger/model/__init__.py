"""Values that the whole program shares: frozen, validated where they are made, free of input and output."""
