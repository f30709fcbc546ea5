"""`kg publish --static DIR`: a snapshot's whole site as files, with the rules that let plain web servers serve it."""
