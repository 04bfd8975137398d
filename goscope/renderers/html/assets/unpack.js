"use strict";
// Turns the compressed text in the page into the script of plotly.js again.
function base85(text, alphabet, size) {
  const value = new Uint8Array(128);
  for (let i = 0; i < 85; i++) value[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(text.length / 5 * 4);
  for (let i = 0, o = 0; i < text.length; i += 5) {
    const word = (((value[text.charCodeAt(i)] * 85 + value[text.charCodeAt(i + 1)]) * 85 +
      value[text.charCodeAt(i + 2)]) * 85 + value[text.charCodeAt(i + 3)]) * 85 + value[text.charCodeAt(i + 4)];
    bytes[o++] = word >>> 24; bytes[o++] = word >>> 16; bytes[o++] = word >>> 8; bytes[o++] = word;
  }
  return bytes.subarray(0, size);
}

// RFC 1951, for browsers without DecompressionStream; the header of gzip has ten bytes and nothing else.
function inflate(input) {
  let at = 10, hold = 0, held = 0, out = new Uint8Array(1 << 23), end = 0;
  const bits = need => {
    while (held < need) { hold |= input[at++] << held; held += 8; }
    const found = hold & ((1 << need) - 1);
    hold >>>= need; held -= need;
    return found;
  };
  const codes = lengths => {
    const count = new Uint16Array(16), offset = new Uint16Array(16), symbol = new Uint16Array(lengths.length);
    for (const length of lengths) count[length]++;
    count[0] = 0;
    for (let i = 1; i < 16; i++) offset[i] = offset[i - 1] + count[i - 1];
    lengths.forEach((length, i) => { if (length) symbol[offset[length]++] = i; });
    return { count, symbol };
  };
  const decode = table => {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length++) {
      code |= bits(1);
      const count = table.count[length];
      if (code - count < first) return table.symbol[index + code - first];
      index += count; first = (first + count) << 1; code <<= 1;
    }
    throw new Error("damaged archive");
  };
  const room = more => {
    if (end + more <= out.length) return;
    const larger = new Uint8Array((end + more) * 2);
    larger.set(out); out = larger;
  };
  const base = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const more = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const far = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      hold = held = 0;
      const length = input[at] | input[at + 1] << 8;
      at += 4; room(length);
      out.set(input.subarray(at, at + length), end);
      at += length; end += length;
      continue;
    }
    let literals, distances;
    if (kind === 1) {
      literals = codes(Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
      distances = codes(Array(30).fill(5));
    } else {
      const n = bits(5) + 257, m = bits(5) + 1, c = bits(4) + 4, small = Array(19).fill(0), lengths = [];
      for (let i = 0; i < c; i++) small[[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15][i]] = bits(3);
      const table = codes(small);
      while (lengths.length < n + m) {
        const symbol = decode(table);
        if (symbol < 16) lengths.push(symbol);
        else {
          const value = symbol === 16 ? lengths[lengths.length - 1] : 0;
          let times = symbol === 16 ? 3 + bits(2) : symbol === 17 ? 3 + bits(3) : 11 + bits(7);
          while (times--) lengths.push(value);
        }
      }
      literals = codes(lengths.slice(0, n)); distances = codes(lengths.slice(n));
    }
    for (;;) {
      let symbol = decode(literals);
      if (symbol === 256) break;
      room(258);
      if (symbol < 256) { out[end++] = symbol; continue; }
      symbol -= 257;
      let length = base[symbol] + bits(more[symbol]);
      const way = decode(distances);
      let from = end - far[way] - bits(way < 2 ? 0 : (way >> 1) - 1);
      while (length--) out[end++] = out[from++];
    }
  }
  return out.subarray(0, end);
}

async function unpack(element) {
  const packed = base85(element.textContent, element.dataset.alphabet, Number(element.dataset.size));
  if (typeof DecompressionStream === "undefined") return new TextDecoder().decode(inflate(packed));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
