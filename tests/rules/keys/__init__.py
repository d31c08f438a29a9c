"""What a rule says is what the program does: small cases by which every key of a rule is tried."""
