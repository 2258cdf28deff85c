"""What past lines tell: how default answers to the limit, and how much of a limit is drawn."""
