"""Texts that tokenizers disagree about: what the goldens and the live comparison encode."""

import random

BY_HAND = [
    b"",
    b" ",
    b"  \t\r\n ",
    b"a photo of a cat.",
    b"A Photo   of THE\tcat\n",
    b'a photo of the number: "7".',
    b"I'm you're he'd we've it's they'll don't CAN'T I'M '' 's 'S s's",
    b"!'s -'t \"'re",
    b"3.14159 1,000,000 2nd 42km 0x1F 1e-5 007",
    "½ ² Ⅷ ٣ ४ 五 ①".encode(),
    b"http://example.org/a_b?c=d&e=%20f#g user@example.com",
    b"snake_case CamelCase kebab-case dotted.name",
    b"...!!!???,,,;;;:::((()))[[[]]]{{{}}}<<<>>>",
    b"$100 + 20% = #1 & *bold* ~tilde~ `code` ^caret | pipe \\ backslash",
    "naïve café résumé Ångström Zürich São Paulo mañana".encode(),
    "cafe\u0301 A\u030angstro\u0308m e\u0323\u0302 e\u0302\u0323 o\u0328\u0304 \u0301alone".encode(),
    "ﬁ ﬂ ﬀ Ĳ ǆ ŉ ſ ẞ ß İstanbul ıI Σίσυφος ΣΑΣ Ǆ ǅ".encode(),
    "Ὀδυσσεύς ᾳ ῼ Ω K Å ΐ".encode(),
    "Привет, мир! Ёлка й Ӝ Ї ґ".encode(),
    "中文字符 日本語 かな カナ ｶﾅ 한국어 \u1112\u1161\u11ab\u1100\u116e\u11a8".encode(),
    "東京2020年5月 ABC公司 \U00020000\U0002a6df\U0002b820\U0002b920\U0002ceb0 \uf900\u3400\u4dbf\U0002f800".encode(),
    "שלום עולם בְּרֵאשִׁית \u202eabc\u202c \u200f\u200e".encode(),
    "مرحبا بالعالم السَّلَامُ عَلَيْكُم لا ﷺ ٤٢".encode(),
    "नमस्ते दुनिया क्षि ज्ञ বাংলা தமிழ் తెలుగు ไทย ກຂ မြန်မာ ខ្មែរ".encode(),
    "😀😃 👍🏽 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 ☺️ ☺ ❤️ 1️⃣ 🤷‍♀️ 🥹 \U0001fae8".encode(),
    "a\u200bb a\u200cb a\u200db a\ufeffb a\u00adb a\u2060b a\u180eb".encode(),
    "a\u00a0b a\u2003b a\u3000b a\u2028b a\u2029b a\u0085b a\u1680b a\u202fb a\u205fb".encode(),
    b"a\x00b a\x01b a\x07b a\x0bb a\x0cb a\x1bb a\x1cb a\x1fb a\x7fb",
    "a\u0080b a\u009fb a\ue000b a\ufffdb a\ufffeb a\U0010ffffb a\U000e0041b a\u0378b".encode(),
    "“quotes” ‘single’ „low“ «guillemets» – en — em … ellipsis • bullet † §".encode(),
    "x²+y²=z² ∀x∈ℝ: ∑ᵢ₌₁ⁿ ≤ ∞ √2 π≈3 →⇒ ℵ 𝒜𝔅𝟙 Ａｌｐｈａ".encode(),
    "Z̴̢̨a̷͜͝l̵̛̀g̸̤̈́ơ̶̧".encode(),
    b"\xff\xfe invalid \xc3 bytes \xe2\x82 here \xf0\x9f\x98 and \xed\xa0\x80 \xc0\xaf \xf4\x90\x80\x80 \x80\x80",
    b"\xe2\x82\xac ok \xe2\x28\xa1 \xf0\x28\x8c\xbc \xf8\x88\x80\x80\x80 end\xc3",
    b"a" * 99 + b" " + b"a" * 100 + b" " + b"a" * 101 + b" " + b"a" * 300,
    b"pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism " * 4,
    b"ab" * 200 + b"12" * 100,
    b"the " * 200,
    ("é" * 101 + " " + "ß" * 100 + " " + "中" * 60).encode(),
    b" leading", b"trailing ", b"  two  spaces  ", b"a  b   c    d", b"\n\nlines\n\n\nof\ntext\n", b"\t tab \t\t x",
    b" 's", b"a 's", b"  's", b"'", b"''", b"' s",
]  # fmt: skip

SPECIAL = [
    "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>",
    "<|startoftext|>", "<|endoftext|>", "[cls]", "<S>", "<|ENDOFTEXT|>", "<|StartOfText|>",
]  # fmt: skip

WORDS = """a an the of in on photo picture image cat dog truck river forest texture number sign zoomed satellite
I you we don't it's HELLO World naïve 東京 привет مرحبا 😀 👩‍💻 ½ 12 2024 3.5 x_y e\u0301 --- ... ! , . ' " ( ) ## ##s
unbelievable running tokenization""".split()

SPACES = [" ", " ", " ", " ", "", "  ", "\n", "\t", "\u00a0", "\u3000", "\r\n"]

RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF),
    (0x900, 0xDFF), (0xE00, 0x11FF), (0x1E00, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF),
    (0xA000, 0xD7FF), (0xF900, 0xFFFF), (0x10000, 0x1FFFF), (0x1F300, 0x1FAFF), (0x20000, 0x2FFFF), (0, 0x10FFFF),
]  # fmt: skip


def random_character(rng: random.Random) -> str:
    code = rng.randint(*rng.choice(RANGES))
    return " " if 0xD800 <= code < 0xE000 else chr(code)


def texts(count: int) -> list[bytes]:
    """The same `count` texts every time, some of them not UTF-8."""
    rng = random.Random(7)
    out = list(BY_HAND)
    for token in SPECIAL:
        for form in ("{}", "a {} b", "a{}b", "{}{}", " {}\n", "\t{} x", "x  {}  {}y", "!{}!!", "é{}é"):
            out.append(form.format(token, token).encode())
    while len(out) < count:
        kind = rng.randrange(4)
        if kind == 0:
            parts = [rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randint(1, 12))]
            out.append("".join(parts).encode())
        elif kind == 1:
            out.append("".join(random_character(rng) for _ in range(rng.randint(1, 14))).encode())
        elif kind == 2:
            parts = [rng.choice(WORDS + SPECIAL) + rng.choice(SPACES) + random_character(rng) for _ in range(5)]
            out.append("".join(parts).encode())
        else:
            word = rng.choice(WORDS).encode() + bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
            out.append(word)
    return out[:count]


def decoded(text: bytes) -> str:
    """What a tokenizer that takes only strings is given."""
    return text.decode("utf-8", "replace")
