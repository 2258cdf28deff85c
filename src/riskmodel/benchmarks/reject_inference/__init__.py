"""The study of reject inference, which no run uses."""
