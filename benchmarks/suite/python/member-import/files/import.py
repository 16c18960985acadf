"""Shows what is in a list of members."""

import sys

from members.importer import read_members
from members.summary import summary

if __name__ == "__main__":
    members = read_members(sys.argv[1])
    print(summary(members))
