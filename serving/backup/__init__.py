"""Backups of the store: one file each, without the master keys; and stores restored from them."""
