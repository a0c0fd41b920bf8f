"""Which rules a fold was made by. Generated from their text by packaging/generate; not for editing.

A snapshot that other rules have made is not believed, and all is read again from the journal.
"""

from typing import Final

FOLD: Final = "21bdd692753a8b19"
