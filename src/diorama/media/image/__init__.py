"""Images, with masks, boxes, polygons and keypoints over them."""

from diorama.media.core.base import Kind
from diorama.media.image.codec import encode, warnings_of
from diorama.media.image.load import decode
from diorama.media.image.media import Image
from diorama.media.image.record import ImageRecord

KIND = Kind(
    name="image",
    cls=Image,
    record=ImageRecord,
    encode=encode,
    decode=decode,
    adopts=("PIL.Image.Image", "matplotlib.figure.Figure", "matplotlib.axes._axes.Axes", "matplotlib.pyplot"),
    adopt=Image,
    suffixes=(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    warnings=warnings_of,
)
