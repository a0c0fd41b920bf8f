"""Clears up in a workspace, from inside its sandbox. Standard library only.

It takes away what the dead left in git's way, and moves repositories out of the tree. What it meets
is an agent's: nothing is followed, no name is text, and no tree is too deep. It executes nothing.

A piece of a repository is the run's if its inode changed since the run began. That time cannot be
set back, and a rename sets it too; so a repository that was there before and is as it was stays.

`parcel` makes one program of these modules; `sweep` is where to begin to read.
"""
