"""What does the list of people find, filter, keep and change at once?"""
