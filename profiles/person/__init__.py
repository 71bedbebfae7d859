"""What does the page of one person show and take: what happened, notes, the card for the counter?"""
