"""Takes the encoder out of an exported classifier whose head is alft's: its folder is that of another architecture."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from alft.models.backbone import has_head_of_alft, load_encoder


@contextmanager
def encoder_folder(backbone: str) -> Iterator[str]:
    """A folder with the encoder of an exported classifier while the context lasts; any other backbone is its own.

    Args:
        backbone: The setting ``model.backbone``.

    Raises:
        ValueError: It cannot be loaded.
    """
    if not has_head_of_alft(backbone):
        yield backbone
        return
    with TemporaryDirectory() as folder:
        load_encoder(backbone).save_pretrained(folder)
        yield folder
