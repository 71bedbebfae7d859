"""The pages of the house that belong to no app: home, search, set-up, settings."""
