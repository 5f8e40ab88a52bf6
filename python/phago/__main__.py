"""`python -m phago`: the command line."""

import sys

from .cli import main

if __name__ == "__main__":
    code = main()
    # Python keeps in mind that code from a string was interrupted (a class of data being made, for example), and here,
    # unlike in a script, would end by the signal whatever the code is. Other such code makes it forget that.
    exec("")
    sys.exit(code)
