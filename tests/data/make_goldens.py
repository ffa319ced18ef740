#!/usr/bin/env python3
"""Makes tests/data/files: small images and data sets, and what Pillow, transformers and pyarrow make of them.

Run in the environment of requirements-peers.txt. A golden file is a sequence of records: a line "name width height",
then the values: bytes, or 32-bit floats.
"""

import io
import json
import pathlib
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from transformers.image_transforms import convert_to_rgb
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

FILES = pathlib.Path(__file__).parent / "files"
CONFIGS = {
    "clip": {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}},
    "padded": {"size": {"shortest_edge": 9}, "crop_size": {"height": 14, "width": 21}},
    "square": {"size": {"height": 12, "width": 12}, "do_center_crop": False, "resample": 2},
    "bytes": {"do_resize": False, "do_center_crop": False, "do_rescale": False, "do_normalize": False},
}


def picture(width: int, height: int, seed: int) -> Image.Image:
    """Smooth colours with an edge and some noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    waves = [np.sin(6 * x + seed), np.cos(5 * y + 3 * x), np.sin(9 * x * y + 2)]
    values = 128 + 100 * np.stack(waves, axis=-1) + 8 * random.standard_normal((height, width, 3))
    values[(x + y) > 0.9] = 255 - values[(x + y) > 0.9]
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def sixteen_bits(image: Image.Image) -> Image.Image:
    grey = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray(np.where(grey > 128, grey * 257, grey).astype(np.uint16))


def png(
    width: int,
    height: int,
    depth: int,
    color: int,
    rows: bytes,
    palette: bytes = b"",
    interlaced: int = 0,
    transparent: bytes = b"",
) -> bytes:
    """A PNG of kinds that Pillow does not write. `rows` has the filter bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"PLTE", palette) if palette else b"")
        + (chunk(b"tRNS", transparent) if transparent else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def interlaced_rows(samples: np.ndarray) -> bytes:
    """The seven passes of Adam7 over 8-bit samples [height, width, channels], unfiltered."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    out = b""
    for x0, y0, dx, dy in passes:
        for row in samples[y0::dy, x0::dx]:
            if row.size:
                out += b"\0" + row.tobytes()
    return out


def bmp(
    width: int, height: int, bits: int, rows: bytes, masks: tuple = (), palette: bytes = b"", os2: bool = False
) -> bytes:
    """Colour masks are three; with the alpha's they are four, in a header of version 3."""
    if os2:
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colors = len(palette) // 4
        size = 56 if len(masks) == 4 else 40
        header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, 3 if masks else 0, 0, 0, 0, colors, 0)
        header += struct.pack(f"<{len(masks)}I", *masks)
    at = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at) + header + palette + rows


def make_transparent_images(a: Image.Image, b: Image.Image) -> None:
    random = np.random.default_rng(5)
    rows = lambda size: b"".join(b"\0" + random.bytes(size) for _ in range(3))  # noqa: E731
    b.quantize(9).save(FILES / "palette_alphas.png", transparency=bytes([0, 50, 255, 100, 254, 1]))
    b.quantize(5).save(FILES / "palette_opaque.png", transparency=b"\xff" * 5)
    top, grey_top = a.getpixel((5, 2)), a.convert("L").getpixel((5, 2))
    a.save(FILES / "rgb_transparent.png", transparency=top)
    a.convert("L").save(FILES / "grey_transparent.png", transparency=grey_top)
    for bit in (0, 1):
        a.convert("1").save(FILES / f"bits_transparent{bit}.png", transparency=bit)
    # What is declared transparent is compared in 8 bits, whatever the depth.
    for depth, size, value in ((2, 2, 3), (2, 2, 85), (4, 4, 0), (4, 4, 136)):
        packed = struct.pack(">H", value)
        name = f"grey{depth}_transparent{value}.png"
        (FILES / name).write_bytes(png(7, 3, depth, 0, rows(size), transparent=packed))
    grey = b"\0" + struct.pack(">7H", 0, 7, 255, 256, 2311, 7, 9)  # 2311 is 7 in its lowest byte
    for value in (7, 2311):
        packed = struct.pack(">H", value)
        (FILES / f"grey16_transparent{value}.png").write_bytes(png(7, 1, 16, 0, grey, transparent=packed))
    deep = rows(30)
    for name, values in (("high", deep[1:7:2]), ("low", deep[2:8:2])):
        packed = b"".join(bytes([9, value]) for value in values)
        (FILES / f"rgb16_transparent_{name}.png").write_bytes(png(5, 3, 16, 2, deep, transparent=packed))
    samples = np.asarray(with_alpha(a))
    (FILES / "interlaced_alpha.png").write_bytes(png(13, 9, 8, 6, interlaced_rows(samples), interlaced=1))
    (FILES / "masks_alpha.bmp").write_bytes(bmp(5, 3, 32, random.bytes(60), (0xFF0000, 0xFF00, 0xFF, 0xFF000000)))
    (FILES / "masks_alpha_last.bmp").write_bytes(bmp(5, 3, 32, random.bytes(60), (0xFF << 24, 0xFF0000, 0xFF00, 0xFF)))
    (FILES / "masks_none.bmp").write_bytes(bmp(5, 3, 32, random.bytes(60), (0, 0, 0)))


def make_images() -> None:
    a, b = picture(13, 9, 1), picture(21, 34, 2)
    random = np.random.default_rng(3)
    a.save(FILES / "rgb.png")
    a.convert("L").save(FILES / "grey.png")
    with_alpha(a).save(FILES / "rgba.png")
    with_alpha(a).convert("LA").save(FILES / "grey_alpha.png")
    for colors in (2, 4, 16, 200):
        b.quantize(colors).save(FILES / f"palette{colors}.png")
    b.quantize(9).save(FILES / "palette_transparent.png", transparency=3)
    a.convert("1").save(FILES / "bits.png")
    sixteen_bits(a).save(FILES / "grey16.png")
    rows = lambda count, size: b"".join(b"\0" + random.bytes(size) for _ in range(count))  # noqa: E731
    (FILES / "grey2.png").write_bytes(png(7, 3, 2, 0, rows(3, 2)))
    (FILES / "grey4.png").write_bytes(png(7, 3, 4, 0, rows(3, 4)))
    (FILES / "rgb16.png").write_bytes(png(5, 3, 16, 2, rows(3, 30)))
    (FILES / "rgba16.png").write_bytes(png(5, 3, 16, 6, rows(3, 40)))
    (FILES / "grey_alpha16.png").write_bytes(png(5, 3, 16, 4, rows(3, 20)))
    make_transparent_images(a, b)
    (FILES / "short_palette.png").write_bytes(png(5, 3, 8, 3, b"\0\0\1\2\3\4" * 3, bytes([9, 8, 7, 200, 100, 50])))
    (FILES / "interlaced.png").write_bytes(png(13, 9, 8, 2, interlaced_rows(np.asarray(a)), interlaced=1))
    tiny = np.asarray(picture(3, 2, 4))
    (FILES / "interlaced_tiny.png").write_bytes(png(3, 2, 8, 2, interlaced_rows(tiny), interlaced=1))
    a.save(FILES / "default.jpg")
    b.save(FILES / "no_subsampling.jpg", quality=95, subsampling=0)
    b.save(FILES / "half_subsampling.jpg", quality=60, subsampling=1)
    b.save(FILES / "progressive.jpg", quality=30, progressive=True)
    b.save(FILES / "restarts.jpg", restart_marker_blocks=1)
    a.convert("L").save(FILES / "grey.jpg")
    a.convert("CMYK").save(FILES / "cmyk.jpg")
    b.save(FILES / "stored_rgb.jpg", quality=85, subsampling=0, keep_rgb=True)
    a.save(FILES / "rgb.bmp")
    with_alpha(a).save(FILES / "rgba.bmp")
    a.convert("L").save(FILES / "grey.bmp")
    a.convert("1").save(FILES / "bits.bmp")
    a.quantize(100).save(FILES / "palette.bmp")
    (FILES / "from_top.bmp").write_bytes(bmp(5, -3, 24, random.bytes(48)))
    (FILES / "bits15.bmp").write_bytes(bmp(5, 3, 16, random.bytes(36)))
    (FILES / "bits16.bmp").write_bytes(bmp(5, 3, 16, random.bytes(36), (0xF800, 0x7E0, 0x1F)))
    (FILES / "masks32.bmp").write_bytes(bmp(5, 3, 32, random.bytes(60), (0xFF000000, 0xFF0000, 0xFF00)))
    (FILES / "palette4.bmp").write_bytes(bmp(5, 3, 4, random.bytes(12), palette=random.bytes(64)))
    (FILES / "os2.bmp").write_bytes(bmp(5, 3, 24, random.bytes(48), os2=True))
    a.save(FILES / "rgb.ppm")
    a.convert("L").save(FILES / "grey.pgm")
    sixteen_bits(a).save(FILES / "grey16.pgm")
    a.convert("1").save(FILES / "bits.pbm")
    (FILES / "plain.pbm").write_bytes(b"P1 # bits\n5 2\n10 1\t0 1\n0111 0\n")
    (FILES / "plain.pgm").write_bytes(b"P2\n#grey\n3 2 9\n0 1 2 # to 9\n7 8 9\n")
    (FILES / "plain.ppm").write_bytes(b"P3 2 2 100\n0 50 100  1 2 3\n99 98 97 25 75 35\n")
    (FILES / "plain16.pgm").write_bytes(b"P2 3 2 1000\n0 1 2 3 4 1000\n")
    (FILES / "raw100.ppm").write_bytes(b"P6 2 2 100\n" + bytes([0, 50, 100, 1, 2, 3, 99, 98, 97, 25, 75, 35]))
    (FILES / "raw1000.ppm").write_bytes(b"P6 2 1 1000\n" + struct.pack(">6H", 0, 500, 1000, 1, 999, 2))


def write_goldens(name: str, records: list[tuple[str, np.ndarray]]) -> None:
    """Arrays are [height, width, 3] bytes or [3, height, width] floats."""
    with open(FILES / name, "wb") as out:
        for key, values in records:
            height, width = values.shape[:2] if values.dtype == np.uint8 else values.shape[1:]
            out.write(f"{key} {width} {height}\n".encode())
            out.write(values.tobytes())


def rgb(path: pathlib.Path) -> Image.Image:
    """What transformers' processors take an image for."""
    with Image.open(path) as image:
        return Image.fromarray(convert_to_rgb(image, return_numpy=True))


def make_goldens() -> None:
    endings = {".png", ".jpg", ".bmp", ".ppm", ".pgm", ".pbm"}
    paths = sorted(path for path in FILES.iterdir() if path.suffix in endings)
    write_goldens("decoded.bin", [(path.name, np.asarray(rgb(path))) for path in paths])

    source = rgb(FILES / "half_subsampling.jpg")  # 21 x 34
    resized = []
    for resampling in range(6):
        for width, height in [(8, 13), (30, 50), (21, 11), (5, 34), (40, 9), (19, 3)]:
            values = np.asarray(source.resize((width, height), resampling))
            resized.append((str(resampling), values))
    write_goldens("resized.bin", resized)

    encoded = []
    for quality in (7, 40, 75, 95):
        buffer = io.BytesIO()
        source.save(buffer, "JPEG", quality=quality)
        encoded.append((str(quality), np.asarray(Image.open(buffer).convert("RGB"))))
    write_goldens("encoded.bin", encoded)

    ready = []
    for name, config in CONFIGS.items():
        processor = CLIPImageProcessorPil(**config)
        processor.save_pretrained(FILES / "models" / name)
        for path in ("half_subsampling.jpg", "rgb.png", "plain.pbm", "rgba.png", "palette_transparent.png"):
            with Image.open(FILES / path) as image:
                values = processor(image, return_tensors="np")["pixel_values"][0]
            ready.append((f"{name}:{path}", values.astype(np.float32)))
    write_goldens("preprocessed.bin", ready)


def make_parquet() -> None:
    folder = FILES / "parquet"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["cat", "dog", "eel"], "_type": "ClassLabel"},
    }
    images, labels = [], []
    for i in range(10):
        buffer = io.BytesIO()
        Image.new("RGB", (4, 3), (10 * i, 20, 30)).save(buffer, "PNG")
        images.append({"bytes": buffer.getvalue(), "path": f"{i}.png"})
        labels.append(i % 3)
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, image_type), "label": pa.array(labels, pa.int64())})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table.slice(0, 7), folder / "data" / "test-00000-of-00002.parquet", row_group_size=3)
    pq.write_table(table.slice(7), folder / "data" / "test-00001-of-00002.parquet", row_group_size=3)
    plain = {
        "picture": pa.array([image["bytes"] for image in images[:3]], pa.binary()),
        "kind": pa.array([2, 1, 0], pa.int32()),
        "sentence": pa.array(["a", "b c", "d"], pa.string()),
        "list": pa.array([[1], [2], []], pa.list_(pa.int64())),
    }
    pq.write_table(pa.table(plain), folder / "plain.parquet", compression="gzip")
    nulls = {"image": pa.array([None, images[1]], image_type), "label": pa.array([0, 1], pa.int64())}
    pq.write_table(pa.table(nulls), folder / "nulls.parquet")
    unlabelled = {"image": pa.array(images[:2], image_type), "label": pa.array([-1, -1], pa.int64())}
    pq.write_table(pa.table(unlabelled), folder / "unlabelled.parquet")


if __name__ == "__main__":
    FILES.mkdir(exist_ok=True)
    make_images()
    make_goldens()
    make_parquet()
