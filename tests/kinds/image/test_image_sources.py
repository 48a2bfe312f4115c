"""Everything that an Image can be made of, and what is stored for it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from diorama.media import Image
from diorama.media.image.formats import sniff

COLOUR = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
GREY = COLOUR[:, :, 0].copy()


def saved(path: Path, image: Pillow.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


class TestTensors:
    def test_channels_first(self, trip, tensor) -> None:
        planes = COLOUR.transpose(2, 0, 1)
        for given in (planes, planes.copy(), planes[None], planes.copy()[None]):
            np.testing.assert_array_equal(trip(Image(tensor(given))).loaded.array, COLOUR)
        np.testing.assert_array_equal(trip(Image(tensor(GREY[None]))).loaded.array, GREY)
        np.testing.assert_array_equal(trip(Image(tensor(GREY))).loaded.array, GREY)

    def test_channels_last_when_it_can_be_nothing_else(self, trip, tensor) -> None:
        tall = np.tile(COLOUR, (2, 1, 1))
        np.testing.assert_array_equal(trip(Image(tensor(tall))).loaded.array, tall)

    def test_any_device_gradient_and_dtype(self, trip, tensor) -> None:
        halves = np.full((1, 2, 2), 0.5, np.float32)
        for given in (
            tensor(halves, requires_grad=True),
            tensor(halves, device="cuda:0"),
            tensor(halves, dtype="bfloat16", requires_grad=True, device="cuda:0"),
        ):
            assert trip(Image(given)).loaded.array.tolist() == [[127, 127], [127, 127]]

    def test_wrong_shapes(self, tensor) -> None:
        with pytest.raises(ValueError, match=r"\[2, 4, 5\].*\(C, H, W\)"):
            Image(tensor(np.zeros((2, 4, 5))))
        with pytest.raises(TypeError, match="batch"):
            Image(tensor(np.zeros((2, 3, 4, 5))))

    def test_other_libraries_arrays(self, trip) -> None:
        class ArrayImpl:
            def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
                return COLOUR

        ArrayImpl.__module__ = "jaxlib._jax"

        class Own:
            def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
                return COLOUR

        for given in (ArrayImpl(), Own()):
            np.testing.assert_array_equal(trip(Image(given)).loaded.array, COLOUR)

    def test_array_subclasses(self, trip) -> None:
        np.testing.assert_array_equal(trip(Image(np.ma.masked_array(GREY))).loaded.array, GREY)


class TestPillow:
    @pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
    def test_common_modes_are_exact(self, trip, mode: str) -> None:
        image = Pillow.fromarray(COLOUR).convert(mode)
        done = trip(Image(image))
        assert done.record.mode == mode
        np.testing.assert_array_equal(done.loaded.array, np.asarray(image))

    @pytest.mark.parametrize("mode", ["1", "La", "PA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"])
    @pytest.mark.parametrize("file_type", ["png", "jpg", "bmp"])
    @pytest.mark.filterwarnings("ignore:a jpg has no alpha")
    def test_rare_modes_look_the_same(self, trip, mode: str, file_type: str) -> None:
        source = Pillow.new("RGBA" if mode in ("La", "PA", "RGBa") else "RGB", (8, 8), (200, 30, 60))
        image = source.convert("LA").convert(mode) if mode == "La" else source.convert(mode)
        shown = np.asarray(image.convert("RGB" if mode != "La" else "LA"))[0, 0, :1].astype(int)
        done = trip(Image(image, file_type=file_type))
        assert done.record.format == file_type
        assert abs(int(np.ravel(done.loaded.array)[0]) - int(shown[0])) <= 12

    def test_palette_is_kept(self, trip) -> None:
        image = Pillow.fromarray(COLOUR).quantize(8)
        done = trip(Image(image))
        assert done.record.mode == "P"
        np.testing.assert_array_equal(done.loaded.array, np.asarray(image.convert("RGB")))
        assert trip(Image(image, file_type="jpg")).record.mode == "RGB"
        assert Image(image).image.mode == "P"

    def test_transparent_palette(self, trip) -> None:
        image = Pillow.fromarray(COLOUR).quantize(8)
        image.info["transparency"] = 2
        np.testing.assert_array_equal(trip(Image(image)).loaded.array, np.asarray(image.convert("RGBA")))

    @pytest.mark.parametrize(
        ("values", "mode", "stored"),
        [
            ([[0, 9, 255]], "L", [[0, 9, 255]]),
            ([[0, 256, 65535]], "I;16", [[0, 256, 65535]]),
            ([[-7, 0, 70000]], "L", [[0, 0, 255]]),
            ([[0, 1]], "L", [[0, 255]]),
        ],
    )
    def test_integer_images(self, trip, values: list[list[int]], mode: str, stored: list[list[int]]) -> None:
        done = trip(Image(Pillow.fromarray(np.array(values, np.int32))))
        assert done.record.mode == mode
        assert done.loaded.array.tolist() == stored

    def test_sixteen_bits(self, trip) -> None:
        values = np.array([[0, 9, 65535]], np.uint16)
        assert trip(Image(Pillow.fromarray(values))).loaded.array.tolist() == values.tolist()
        swapped = Pillow.frombytes("I;16B", (3, 1), values.astype(">u2").tobytes())
        assert trip(Image(swapped)).loaded.array.tolist() == values.tolist()
        assert trip(Image(Pillow.fromarray(values), file_type="bmp")).loaded.array.tolist() == [[0, 0, 255]]

    def test_float_images_follow_the_array_rules(self, trip) -> None:
        values = np.array([[0.0, 0.5, 1.0]], np.float32)
        done = trip(Image(Pillow.fromarray(values)))
        assert done.loaded.array.tolist() == [[0, 127, 255]]
        assert done.record.normalized == "unit"

    def test_black_and_white_is_not_scaled(self, trip) -> None:
        assert trip(Image(Pillow.new("L", (1, 1), 1))).loaded.array.tolist() == [[1]]

    def test_lab_is_refused(self) -> None:
        with pytest.raises(ValueError, match="mode 'LAB' can't be stored"):
            Image(Pillow.new("LAB", (2, 2)))

    def test_no_pixels(self) -> None:
        with pytest.raises(ValueError, match="no pixels"):
            Image(Pillow.new("L", (0, 5)))


class TestFiles:
    @pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tiff", "tif"])
    def test_bytes_are_kept(self, trip, tmp_path: Path, ending: str) -> None:
        path = saved(tmp_path / f"photo.{ending}", Pillow.fromarray(COLOUR))
        for given in (path, str(path), path.read_bytes()):
            done = trip(Image(given))
            assert done.blobs.get(done.record.blob) == path.read_bytes()
            assert (done.record.width, done.record.height) == (5, 4)
            assert done.record.format == {"jpeg": "jpg", "tif": "tiff"}.get(ending, ending)
            with Pillow.open(path) as opened:
                expected = opened.convert("RGB")
            np.testing.assert_array_equal(done.loaded.array, np.asarray(expected))

    def test_the_content_tells_the_format(self, trip, tmp_path: Path) -> None:
        path = saved(tmp_path / "really-a.jpg", Pillow.fromarray(COLOUR), format="PNG")
        assert Image(path).format == "png"

    def test_what_browsers_cannot_draw_gets_a_preview(self, trip, tmp_path: Path) -> None:
        done = trip(Image(saved(tmp_path / "a.tiff", Pillow.fromarray(COLOUR))))
        assert sniff(done.blobs.get(done.record.preview)) == "png"
        assert sniff(done.blobs.get(done.record.thumbnail)) == "webp"
        assert trip(Image(saved(tmp_path / "a.png", Pillow.fromarray(COLOUR)))).record.preview is None

    @pytest.mark.parametrize(
        "values",
        [
            np.full((300, 300), 0x8000, np.uint16),
            np.full((300, 300), 128, np.int32),
            np.full((300, 300), 0.505, np.float32),
        ],
    )
    def test_deep_files_get_a_thumbnail_that_shows_them(
        self, trip, tmp_path: Path, values: np.ndarray
    ) -> None:
        endings = ["tiff", "png"] if values.dtype == np.uint16 else ["tiff"]
        for ending in endings:
            done = trip(Image(saved(tmp_path / f"deep.{ending}", Pillow.fromarray(values))))
            thumbnail = Pillow.open(io.BytesIO(done.blobs.get(done.record.thumbnail)))
            assert thumbnail.size == (256, 256)
            assert abs(thumbnail.convert("L").getpixel((9, 9)) - 128) < 3

    def test_orientation_is_applied_to_what_is_shown(self, trip, tmp_path: Path) -> None:
        exif = Pillow.Exif()
        exif[0x0112] = 6
        wide = Pillow.new("RGB", (600, 300), (0, 0, 255))
        wide.paste((255, 0, 0), (0, 0, 300, 300))
        path = saved(tmp_path / "phone.jpg", wide, exif=exif, quality=95)
        image = Image(path)
        assert (image.width, image.height) == (300, 600)
        done = trip(image)
        assert (done.record.width, done.record.height) == (300, 600)
        assert done.loaded.array.shape == (600, 300, 3)
        thumbnail = Pillow.open(io.BytesIO(done.blobs.get(done.record.thumbnail)))
        assert thumbnail.size == (128, 256)
        red, _, blue = thumbnail.convert("RGB").getpixel((64, 20))
        assert red > 200 > 100 > blue

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no-such"):
            Image(tmp_path / "no-such.png")
        with pytest.raises(FileNotFoundError, match="no-such"):
            Image("no-such.png")

    @pytest.mark.parametrize(
        "url", ["http://x.org/a.png", "https://x.org/a.png", "s3://b/a.png", "gs://b/a.png"]
    )
    def test_urls(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"is a URL.*download it"):
            Image(url)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is empty"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture in a known format"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture in a known format"),
            (b"\x89PNG\r\n\x1a\n", "starts like a png but can't be read"),
            (b"\x89PNG\r\n\x1a\n" + b"\xff" * 100, "starts like a png but can't be read"),
            (b"\xff\xd8\xff\xe0", "starts like a jpg but can't be read"),
            (b"GIF89a", "starts like a gif but can't be read"),
            (b"II*\x00", "starts like a tiff but can't be read"),
            (b"BM1234", "starts like a bmp but can't be read"),
            (b"RIFF0000WEBPVP8 ", "starts like a webp but can't be read"),
        ],
    )
    def test_files_that_are_no_pictures(self, tmp_path: Path, content: bytes, message: str) -> None:
        path = tmp_path / "fake.png"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Image(path)

    def test_too_large(self, tmp_path: Path) -> None:
        def png_header(width: int, height: int) -> bytes:
            real = io.BytesIO()
            Pillow.new("1", (8, 8)).save(real, "PNG")
            head = bytearray(real.getvalue())
            head[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
            import zlib

            head[29:33] = zlib.crc32(bytes(head[12:29])).to_bytes(4, "big")
            return bytes(head)

        with pytest.raises(ValueError, match="the limit is 65,500 per side"):
            Image(png_header(70_000, 8))

    def test_a_torn_file_is_kept_without_thumbnail(self, trip, tmp_path: Path) -> None:
        whole = io.BytesIO()
        Pillow.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)).save(
            whole, "PNG"
        )
        torn = whole.getvalue()[:5000]
        image = Image(torn)
        record = _encoded(image)
        assert (record.width, record.height, record.thumbnail) == (300, 300, None)
        assert record.blob.size_bytes == 5000


def _encoded(image: Image) -> Any:
    from diorama.media.image.codec import encode
    from diorama.model import BlobRef

    return encode(image.snapshot(), lambda data, mime: BlobRef(sha256="", size_bytes=len(data), mime=mime))


class TestFigures:
    def test_figure_axes_and_pyplot(self, trip) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(3, 2), dpi=100)
        axes.plot([0, 1], [0, 1], color="red")
        try:
            for given in (figure, axes, pyplot):
                done = trip(Image(given))
                assert (done.record.width, done.record.height, done.record.format) == (300, 200, "png")
                assert ((done.loaded.array[:, :, 0] > 200) & (done.loaded.array[:, :, 1] < 50)).any()
            before = Image(figure)
            axes.clear()
            assert before != Image(figure)
            assert trip(Image(figure, file_type="jpg")).record.format == "jpg"
        finally:
            pyplot.close(figure)


class TestAnotherImage:
    def test_picture_and_words_but_no_overlays(self, trip) -> None:
        first = Image(
            COLOUR,
            caption="first",
            grouping=3,
            classes=[{"id": 1, "name": "a"}],
            masks={"m": {"mask_data": np.zeros((4, 5), int)}},
        )
        second = Image(first)
        assert second == first
        assert (second.caption, second.grouping, second.masks) == ("first", 3, {})
        assert second.classes == first.classes
        assert Image(first, caption="second").caption == "second"
        np.testing.assert_array_equal(trip(second).loaded.array, COLOUR)

    def test_equality(self) -> None:
        assert Image(COLOUR) == Image(COLOUR.copy()) == Image(Pillow.fromarray(COLOUR))
        assert Image(COLOUR) != Image(COLOUR[::-1])
        assert Image(COLOUR) != Image(GREY)
        assert Image(COLOUR) != Image(COLOUR, caption="a")
        assert Image(COLOUR) != "a picture"


class TestWhatIsStored:
    def test_small_pictures_are_their_own_thumbnail(self, trip) -> None:
        assert trip(Image(COLOUR)).record.thumbnail is None

    @pytest.mark.parametrize(
        ("shape", "size"), [((300, 300, 3), (256, 256)), ((1000, 100), (26, 256)), ((40, 4000, 4), (256, 3))]
    )
    def test_large_ones_get_a_small_webp(self, trip, shape: tuple[int, ...], size: tuple[int, int]) -> None:
        done = trip(Image(np.full(shape, 128, np.uint8)))
        thumbnail = Pillow.open(io.BytesIO(done.blobs.get(done.record.thumbnail)))
        assert done.record.thumbnail.mime == "image/webp"
        assert thumbnail.size == size
        assert abs(np.asarray(thumbnail).astype(int).reshape(-1)[0] - 128) < 3

    def test_heavy_ones_too(self, trip) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
        assert trip(Image(noise)).record.thumbnail is not None

    def test_sixteen_bit_thumbnail(self, trip) -> None:
        done = trip(Image(np.full((300, 300), 0x8000, np.uint16), mode="I;16"))
        thumbnail = Pillow.open(io.BytesIO(done.blobs.get(done.record.thumbnail)))
        assert abs(thumbnail.convert("L").getpixel((5, 5)) - 128) < 3

    @pytest.mark.parametrize(
        ("file_type", "stored"), [("jpg", "jpg"), ("jpeg", "jpg"), ("bmp", "bmp"), ("png", "png")]
    )
    def test_file_types(self, trip, file_type: str, stored: str) -> None:
        done = trip(Image(COLOUR, file_type=file_type))
        assert done.record.format == stored == sniff(done.blobs.get(done.record.blob))
        if stored != "jpg":
            np.testing.assert_array_equal(done.loaded.array, COLOUR)

    def test_jpg_drops_alpha_and_says_so(self, trip) -> None:
        with pytest.warns(UserWarning, match="no alpha channel") as caught:
            image = Image(np.dstack([COLOUR, GREY]), file_type="jpg")
        assert caught[0].filename == __file__
        assert trip(image).record.mode == "RGB"

    def test_words(self, trip) -> None:
        record = trip(Image(COLOUR, caption=7, grouping=np.int64(2), sample_id="s-1")).record  # type: ignore[arg-type]
        assert (record.caption, record.grouping, record.sample_id) == ("7", 2, "s-1")
