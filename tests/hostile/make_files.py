#!/usr/bin/env python3
"""Writes the hostile checkpoints beside this script, and expected.txt: what Wootz must say about each.

One file (or folder, where an index is involved) per way a checkpoint can lie. Run it again after adding one; the
files are checked in, so that the tests need no Python.
"""

import json
import pathlib
import shutil
import struct

HERE = pathlib.Path(__file__).resolve().parent
FILES = HERE / "files"
EXPECTED = {}


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def container(header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def write(name, content, expected):
    path = FILES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    EXPECTED[name] = expected


def bad_file(name, header, expected, data=b"\0" * 8):
    write(name + ".safetensors", container(header, data), expected)


def bad_entry(name, expected, text=None, **fields):
    """A file with one tensor 'a', given as JSON text or as the fields that differ from a good one."""
    header = b'{"a":' + (text or json.dumps(entry(**fields))).encode() + b"}"
    bad_file(name, header, "tensor 'a': " + expected)


def bad_index(name, index, expected, shards):
    """A folder with an index (text or object) and shards {file name: {tensor: entry}}."""
    folder = FILES / name
    folder.mkdir(parents=True, exist_ok=True)
    text = index if isinstance(index, bytes) else json.dumps(index).encode()
    (folder / "model.safetensors.index.json").write_bytes(text)
    for shard, header in shards.items():
        (folder / shard).write_bytes(container(header))
    EXPECTED[name] = expected


def lengths():
    good = container({"a": entry()})
    write("empty_file.safetensors", b"", "it holds only 0 bytes")
    write("seven_bytes.safetensors", b"\x02" + b"\0" * 6, "it holds only 7 bytes")
    write("length_only.safetensors", struct.pack("<Q", 2), "truncated: 2 bytes missing from its header")
    write("length_beyond_file.safetensors", struct.pack("<Q", 4000) + good[8:], "truncated: ")
    write("length_over_cap.safetensors", struct.pack("<Q", 100_000_001) + good[8:], "would take 100000001 bytes")
    write("length_all_ones.safetensors", b"\xff" * 8 + good[8:], "would take 18446744073709551615 bytes")
    write("length_sign_bit.safetensors", struct.pack("<Q", 1 << 63) + good[8:], "would take 9223372036854775808 bytes")
    write("length_zero.safetensors", struct.pack("<Q", 0) + good[8:], "a header must start with '{'")
    write("length_short.safetensors", struct.pack("<Q", len(good) - 8 - 8 - 10) + good[8:], "invalid JSON at byte")
    write("truncated_data.safetensors", good[:-3], "truncated: 3 bytes missing")
    write("truncated_header.safetensors", good[:20], "truncated: ")
    write("lfs_pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 8\n", "git lfs pull")
    write("gguf.safetensors", b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0", "looks like a GGUF file")
    write("pickle.safetensors", b"PK\x03\x04\0\0\x08\x08\0\0", "looks like a PyTorch file")
    write("web_page.safetensors", b"<!DOCTYPE html><html></html>", "looks like a web page")


def grammar():
    bad_file("not_json", b"hello world", "a header must start with '{'")
    bad_file("array", b"[]", "a header must start with '{'", data=b"")
    bad_file("leading_space", b' {"a":' + json.dumps(entry()).encode() + b"}", "a header must start with '{'")
    bad_file("text_after_end", json.dumps({"a": entry()}).encode() + b"{}", "text after the end")
    bad_file("nul_padding", json.dumps({"a": entry()}).encode() + b"\0\0\0", "text after the end")
    bad_file("unfinished", b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}', "expected '}', but the text ends")
    bad_file("trailing_comma", json.dumps({"a": entry()}).encode()[:-1] + b",}", "expected a string")
    bad_file("single_quotes", b"{'a':1}", "expected a string")
    bad_file("comment", b'{/*x*/"a":1}', "expected a string")
    bad_file("only_an_object", b"{}", "8 bytes at the end belong to no tensor")
    bad_file("nested_arrays", b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", "tensor 'a': invalid JSON at byte 5")
    bad_entry("nested_shape", "invalid JSON", '{"dtype":"F32","shape":' + "[" * 500 + "]" * 500 + "}")
    bad_entry("entry_is_number", "invalid JSON at byte 5: expected '{'", "3")
    bad_file("nul_in_name", b'{"a\\u0000b":1}', "a NUL in a string")
    bad_file("control_in_name", b'{"a\nb":1}', "a control character in a string")
    bad_file("broken_utf8", b'{"a\xff":1}', "not valid UTF-8")
    bad_file("overlong_utf8", b'{"a\xc0\xaf":1}', "not valid UTF-8")
    bad_file("surrogate_utf8", b'{"a\xed\xa0\x80":1}', "not valid UTF-8")
    bad_file("half_surrogate_pair", b'{"a\\ud800":1}', "half of a surrogate pair")
    bad_file("unknown_escape", b'{"a\\x41":1}', "an unknown escape")
    bad_file("string_without_end", b'{"abc', "a string without end", data=b"")


def metadata():
    bad_file("metadata_number", {"__metadata__": {"n": 1}, "a": entry()}, "__metadata__ 'n': invalid JSON")
    bad_file("metadata_not_object", {"__metadata__": "pt", "a": entry()}, "expected '{'")
    bad_file("metadata_twice", b'{"__metadata__":{},"__metadata__":{}}', "__metadata__ twice", data=b"")
    bad_file("metadata_key_twice", b'{"__metadata__":{"k":"1","k":"2"}}', "__metadata__ holds 'k' twice", data=b"")


def entries():
    one = json.dumps(entry()).encode()
    bad_file("tensor_twice", b'{"a":' + one + b',"a":' + one + b"}", "tensor 'a': listed twice")
    bad_file("tensor_twice_escaped", b'{"a":' + one + b',"\\u0061":' + one + b"}", "tensor 'a': listed twice")
    bad_entry("field_twice", "field 'dtype' twice", '{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}')
    bad_entry("no_dtype", "no field 'dtype'", '{"shape":[2],"data_offsets":[0,8]}')
    bad_entry("no_shape", "no field 'shape'", '{"dtype":"F32","data_offsets":[0,8]}')
    bad_entry("no_offsets", "no field 'data_offsets'", '{"dtype":"F32","shape":[2]}')
    bad_entry("extra_field", "unknown field 'strides'", '{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}')
    bad_entry("unknown_dtype", "unknown dtype 'F31'", dtype="F31")
    bad_entry("lower_case_dtype", "unknown dtype 'f32'", dtype="f32")
    bad_entry("dtype_number", "invalid JSON", '{"dtype":32,"shape":[2],"data_offsets":[0,8]}')
    for name, number in [
        ("negative", "-2"),
        ("float", "2.0"),
        ("exponent", "2e0"),
        ("leading_zero", "02"),
        ("plus", "+2"),
        ("hexadecimal", "0x2"),
        ("string", '"2"'),
        ("null", "null"),
        ("nan", "NaN"),
        ("65_bits", "18446744073709551616"),
    ]:
        bad_entry("shape_" + name, "invalid JSON", '{"dtype":"F32","shape":[' + number + '],"data_offsets":[0,8]}')
    bad_entry("shape_too_many_dimensions", "more than 64 dimensions", shape=[1] * 64 + [2])
    bad_entry("shape_overflow", "the size of shape [4294967296, 4294967296] overflows 64 bits", shape=[1 << 32, 1 << 32])
    bad_entry("bytes_overflow", "the size of shape [4611686018427387904] overflows 64 bits", shape=[1 << 62])
    bad_entry("shape_too_large", "F32 of shape [3] takes 12 bytes, but data_offsets give 8", shape=[3])
    bad_entry("shape_too_small", "F32 of shape [] takes 4 bytes, but data_offsets give 8", shape=[])
    bad_entry("dtype_mismatch", "F64 of shape [2] takes 16 bytes, but data_offsets give 8", dtype="F64")
    bad_entry("one_offset", "data_offsets must be two numbers", '{"dtype":"F32","shape":[2],"data_offsets":[0]}')
    bad_entry("three_offsets", "data_offsets must be two numbers", '{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}')
    bad_entry("negative_offset", "invalid JSON", '{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}')
    bad_entry("end_before_begin", "data end (0) before they begin (8)", offsets=[8, 0])


def layouts():
    bad_file("begins_late", {"a": entry(offsets=[4, 12])}, "begin at 4 instead of 0", data=b"\0" * 12)
    bad_file("beyond_end", {"a": entry(shape=[4], offsets=[0, 16])}, "truncated: 8 bytes missing (tensor 'a'")
    bad_file("trailing_bytes", {"a": entry()}, "1 bytes at the end belong to no tensor", data=b"\0" * 9)
    bad_file(
        "overlap",
        {"a": entry(), "b": entry(offsets=[4, 12])},
        "tensor 'b': data overlap those of tensor 'a' by 4 bytes",
        data=b"\0" * 12,
    )
    bad_file("same_range", {"a": entry(), "b": entry()}, "data overlap those of tensor 'a' by 8 bytes")
    bad_file(
        "hole",
        {"a": entry(), "b": entry(offsets=[12, 20])},
        "tensor 'b': a hole of 4 bytes before its data, after tensor 'a'",
        data=b"\0" * 20,
    )
    bad_file(
        "empty_tensor_beyond_end",
        {"a": entry(), "b": entry(shape=[0], offsets=[1 << 40, 1 << 40])},
        "tensor 'b': a hole",
    )
    bad_file("no_tensors", {"__metadata__": {"format": "pt"}}, "holds no tensors", data=b"")


def indexes():
    one, two = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    both = {one: {"a": entry()}, two: {"b": entry()}}
    bad_index("index_evil_path", {"weight_map": {"a": "../evil.safetensors"}}, "is not a plain file name", {})
    bad_index("index_absolute_path", {"weight_map": {"a": "/tmp/a.safetensors"}}, "is not a plain file name", {})
    bad_index("index_backslash", {"weight_map": {"a": "..\\a.safetensors"}}, "is not a plain file name", {})
    bad_index("index_pickle", {"weight_map": {"a": "model.bin"}}, "is not a .safetensors file", {})
    bad_index("index_number", {"weight_map": {"a": 1}}, "tensor 'a': invalid JSON", {})
    bad_index("index_not_json", b"weight_map: {}", "invalid JSON at byte 0", {})
    bad_index("index_empty", b"", "invalid JSON at byte 0", {})
    bad_index("index_without_map", {"metadata": {}}, "no 'weight_map'", {})
    bad_index("index_empty_map", {"weight_map": {}}, "'weight_map' lists no tensor", {})
    bad_index("index_tensor_twice", f'{{"weight_map":{{"a":"{one}","a":"{two}"}}}}'.encode(), "'a': listed twice", both)
    bad_index("index_map_twice", b'{"weight_map":{},"weight_map":{}}', "'weight_map' twice", {})
    bad_index("index_deep", b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested deeper than 64 levels", {})
    bad_index("index_deep_metadata", b'{"metadata":{"x":' + b'{"y":' * 5000, "nested deeper than 64 levels", {})
    bad_index("index_missing_shard", {"weight_map": {"a": one, "b": two}}, f"the shard '{two}' is missing", {one: {"a": entry()}})
    bad_index(
        "index_unlisted_tensor",
        {"weight_map": {"a": one}},
        f"does not list tensors that the shard '{one}' holds: 'b'",
        {one: {"a": entry(shape=[1], offsets=[0, 4]), "b": entry(shape=[1], offsets=[4, 8])}},
    )
    bad_index(
        "index_absent_tensor",
        {"weight_map": {"a": one, "b": two, "c": two}},
        f"lists tensors that the shard '{two}' does not hold: 'c'",
        both,
    )
    bad_index(
        "index_wrong_shard",
        {"weight_map": {"a": two, "b": one}},
        f"tensor 'a' is listed in '{two}' but stored in '{one}'",
        both,
    )
    bad_index(
        "index_duplicate_across_shards",
        {"weight_map": {"a": one, "b": two}},
        f"tensor 'a' is stored twice, in '{one}' and in '{two}'",
        {one: {"a": entry()}, two: {"a": entry(shape=[1], offsets=[0, 4]), "b": entry(shape=[1], offsets=[4, 8])}},
    )


def main():
    shutil.rmtree(FILES, ignore_errors=True)
    for make in (lengths, grammar, metadata, entries, layouts, indexes):
        make()
    lines = [f"{name}: {text}\n" for name, text in sorted(EXPECTED.items())]
    (HERE / "expected.txt").write_text("".join(lines))
    print(f"{len(EXPECTED)} hostile checkpoints")


if __name__ == "__main__":
    main()
