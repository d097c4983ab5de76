"""The drawn pictures: what is planned (plan), how it is painted (drawing, garments), and the folder
of them (folder).
"""
