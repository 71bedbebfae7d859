"""What do we hold about a person, and how is it handed out, frozen, forgotten in time, or erased for good?"""
