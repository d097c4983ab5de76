"""Ask every link to another site whether it still leads somewhere; needs a network."""

import argparse
import sys

from scripts.lessons.outside import dead_links, outside_links

if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m scripts.links", description=__doc__).parse_args()
    links = outside_links()
    dead = dead_links(links)
    print("\n".join([*dead, f"{len(links) - len(dead)} of {len(links)} links lead somewhere."]))
    sys.exit(bool(dead))
