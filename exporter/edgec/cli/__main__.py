"""python -m edgec.cli"""

from edgec.cli import main

main()
