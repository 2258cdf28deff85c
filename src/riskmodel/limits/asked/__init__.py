"""What is asked of a month's book: what would raise a limit, how sure it is, whether it is steady."""
