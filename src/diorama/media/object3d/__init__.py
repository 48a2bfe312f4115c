"""Three-dimensional things: models, point clouds, scenes, splats."""

from diorama.media.core.base import Kind
from diorama.media.object3d.codec import encode, warnings_of
from diorama.media.object3d.files import FORMATS
from diorama.media.object3d.foreign import ADOPTS
from diorama.media.object3d.load import decode
from diorama.media.object3d.media import Object3D
from diorama.media.object3d.record import Object3DRecord

KIND = Kind(
    name="object3d",
    cls=Object3D,
    record=Object3DRecord,
    encode=encode,
    decode=decode,
    adopts=ADOPTS,
    adopt=Object3D,
    suffixes=tuple(f".{each}" for each in FORMATS),
    warnings=warnings_of,
)
