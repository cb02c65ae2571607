// Draws SVG documents by resvg, which shares no code with librsvg. Reads documents, each
// with its length in front in four bytes, and answers with PNG files in the same way; an
// empty one says that the document was refused.
import { Resvg } from "@resvg/resvg-js";

let buffered = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  buffered = Buffer.concat([buffered, chunk]);
  while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32BE(0)) {
    const end = 4 + buffered.readUInt32BE(0);
    const document = buffered.subarray(4, end).toString("utf8");
    buffered = buffered.subarray(end);
    let png = Buffer.alloc(0);
    try {
      png = new Resvg(document, { font: { loadSystemFonts: false } }).render().asPng();
    } catch {}
    const length = Buffer.alloc(4);
    length.writeUInt32BE(png.length);
    process.stdout.write(Buffer.concat([length, png]));
  }
});
