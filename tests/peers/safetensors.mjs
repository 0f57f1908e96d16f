// The tensors of a safetensors file of f32: name → { shape, data }.

export function tensors(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const start = 8 + size;
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return new Map(entries.map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    if (dtype !== "F32") throw new Error(`${name}: wanted F32, found ${dtype}`);
    // Sliced, as a view would have to start at a multiple of four.
    return [name, { shape, data: new Float32Array(buffer.slice(start + from, start + to)) }];
  }));
}
