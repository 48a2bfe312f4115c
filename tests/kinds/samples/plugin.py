"""Media of a plugin, which need no plugin to be stored, for the contract that every kind keeps."""

from diorama.media import PluginMedia

SAMPLE = PluginMedia(
    "palette:swatches",
    {"colors": [[200, 40, 40]], "shares": [1.0]},
    {"thumbnail": (b"\x89PNG\r\n\x1a\n", "image/png"), "raw": b"\x00\x01"},
    caption="one colour",
    sample_id="a",
)
