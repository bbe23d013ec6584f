"""Share medical research data without trusting anyone: contracts, encryption, evidence."""
