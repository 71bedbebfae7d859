"""What is sold, who looked at it, who bought it: kept from events, feeds and programs alike."""
