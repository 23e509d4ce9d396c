"""The suite's container images: what they are called, how they are built, and how they get elsewhere."""

from conformance.cluster.images.building import build_images, rename_images, save_images, write_contexts
from conformance.cluster.images.recipes import (
    Images,
    image_list,
    image_names,
    is_held,
)

__all__ = [
    "Images",
    "build_images",
    "image_list",
    "image_names",
    "is_held",
    "rename_images",
    "save_images",
    "write_contexts",
]
