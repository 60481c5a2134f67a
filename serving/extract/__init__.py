"""Uploaded files turned into the texts they hold; `serving.extract.files` is the door."""
