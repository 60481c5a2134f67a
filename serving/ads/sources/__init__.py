"""What ads are read from: saved pages, WARC files, tables and feeds. Each gives pieces, one page at a time."""
