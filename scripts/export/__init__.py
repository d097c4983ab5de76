"""Export: one folder with a model in every format, each proven to give the same answers."""
