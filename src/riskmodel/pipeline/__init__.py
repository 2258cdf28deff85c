"""The pipeline: the stages in order, and whole folders of enterprises turned into features or scores."""
