"""Does the whole product tell the truth about real customers? Purchases of a CD shop, from file to report.

python -m tests.story [--customers 23570] [--seed 1]
"""
