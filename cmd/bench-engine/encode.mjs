// The other side of bench-engine: encodes with sharp, optimises with oxipng and svgo, on
// request. One JSON object a line comes in on stdin, one goes out on stdout for each, so
// that Node starts once and its start-up is no part of any encode.
//
// {"op":"load","in":path}                              decodes a picture, kept until the next
// {"op":"sharp","format":f,"options":{…},"out":path}   encodes it
// {"op":"oxipng","in":path,"out":path}                 the smaller of two builds at their best
// {"op":"oxipng-fast","in":path,"out":path}            one of them, every filter tried
// {"op":"svgo","in":path,"out":path}                   its defaults, in several passes
//
// Answers: {"wall":ms,"cpu":ms} or {"error":text}.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { losslessCompressPng } from '@napi-rs/image';
import initOxipng, { optimise } from '@jsquash/oxipng/codec/pkg/squoosh_oxipng.js';
import sharp from 'sharp';
import { optimize } from 'svgo';

const wasm = createRequire(import.meta.url).resolve('@jsquash/oxipng/codec/pkg/squoosh_oxipng_bg.wasm');
await initOxipng(readFileSync(wasm));
sharp.cache(false);

let loaded = null;

const allFilters = (input) => losslessCompressPng(input, { strip: true, filter: [0, 1, 2, 3, 4] });

const operations = {
  async load({ in: path }) {
    const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    loaded = { data, raw: { width: info.width, height: info.height, channels: info.channels } };
  },
  async sharp({ format, options, out }) {
    const { data, raw } = loaded;
    writeFileSync(out, await sharp(data, { raw }).toFormat(format, options).toBuffer());
  },
  async oxipng({ in: path, out }) {
    const input = readFileSync(path);
    const level6 = optimise(new Uint8Array(input), 6, false, false);
    const filters = await allFilters(input);
    writeFileSync(out, level6.length < filters.length ? level6 : filters);
  },
  async 'oxipng-fast'({ in: path, out }) {
    writeFileSync(out, await allFilters(readFileSync(path)));
  },
  async svgo({ in: path, out }) {
    writeFileSync(out, optimize(readFileSync(path, 'utf8'), { multipass: true }).data);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const began = process.hrtime.bigint();
  const before = process.cpuUsage();
  let answer;
  try {
    await operations[request.op](request);
    const spent = process.cpuUsage(before);
    answer = {
      wall: Number(process.hrtime.bigint() - began) / 1e6,
      cpu: (spent.user + spent.system) / 1e3,
    };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
