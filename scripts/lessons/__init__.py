"""The notebooks as files, what they promise, how they are executed and shown. For maintainers and
CI.
"""
