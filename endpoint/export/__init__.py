"""`kg publish --static DIR`: a snapshot's whole site as files, with rules for plain web servers."""
