"""Learners: each kind of model, under one interface."""
