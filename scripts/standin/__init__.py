"""The stand-in: the small network (network), and how it learned from Xception (distillation)."""
