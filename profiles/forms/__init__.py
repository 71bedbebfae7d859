"""What may a person type? One module per room."""
