"""Formats of an export, one a file: each file defines one :class:`alft.use.formats.base.Format`, whose name is the file's."""
