"""What a commit's source may be: names, links, objects of git, and the digest of it all."""
