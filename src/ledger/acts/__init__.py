"""What institutions do, from start to end: each act spans the parts, and can be repeated after an interruption."""
