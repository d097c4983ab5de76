"""How the measurements in `data/measured/` are made from the real photos, and compared."""
