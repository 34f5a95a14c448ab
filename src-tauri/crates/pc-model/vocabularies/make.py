"""Packs Qwen's vocabulary into qwen.tokens: zlib over the length of each token, a byte each, and then the tokens' bytes.

Run `python3 make.py path/to/qwen.tiktoken`; the file is `dashscope/resources/qwen.tiktoken` of the Python package
dashscope 2.0.2 (`pip download dashscope==2.0.2 --no-deps`). A token's place is its rank and its id.
"""

import base64
import hashlib
import sys
import zlib
from pathlib import Path

SHA256 = "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186"

source = Path(sys.argv[1]).read_bytes()
assert hashlib.sha256(source).hexdigest() == SHA256, "this is another file than the one that was packed"
lines = [line.split() for line in source.splitlines() if line]
assert [int(rank) for _, rank in lines] == list(range(len(lines)))
tokens = [base64.b64decode(token) for token, _ in lines]
packed = zlib.compress(bytes(len(token) for token in tokens) + b"".join(tokens), 9)
Path(__file__).with_name("qwen.tokens").write_bytes(packed)
