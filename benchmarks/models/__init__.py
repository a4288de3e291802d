"""What migrated models cost: speed, memory and building, against the graphs that they replace."""
