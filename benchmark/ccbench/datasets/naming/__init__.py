"""What the names of photographs are made of: pieces, codes, meanings, posers, patterns."""
