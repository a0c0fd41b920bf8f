"""Takes the source of a commit out of a repository that is not believed."""
