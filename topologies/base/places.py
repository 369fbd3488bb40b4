"""Where this code lies: one package, ``corridor``, in a checkout or installed.

In a checkout the four folders are at its top, and ``.package/corridor`` links to them.
"""

from pathlib import Path

IMPORT_ROOT = Path(__file__).absolute().parents[3]
"""The folder that ``import corridor`` finds the package in: what new interpreters start from."""
PACKAGE = IMPORT_ROOT / "corridor"
CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder above the four: the checkout, or the package itself where it is installed."""
