"""Which pages about segments are there?"""
