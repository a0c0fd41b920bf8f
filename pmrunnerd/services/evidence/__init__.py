"""What a repository itself can say of one content, and the file in which somebody says the rest."""
