"""Speed and accuracy of the course's own methods, measured: `python -m scripts.benchmark
backbone|cluster|heads|recipe|serve`.
"""
