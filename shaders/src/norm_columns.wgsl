// The slopes of `norm.wgsl` in weight and bias, summed over parts of the rows: one column of one part in
// every invocation.

struct Info {
    rows: u32,
    width: u32,
    each: u32, // rows of a part
    parts: u32,
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> norms: array<f32>; // [rows, 2]
@group(0) @binding(2) var<storage, read_write> upstream: array<f32>; // [rows, width]
@group(0) @binding(3) var<storage, read_write> weights: array<f32>; // [parts, width]
@group(0) @binding(4) var<storage, read_write> biases: array<f32>; // [parts, width]
@group(0) @binding(5) var<storage, read> info: Info;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= info.width || id.y >= info.parts {
        return;
    }
    var sums = vec2<f32>();
    let end = min((id.y + 1u) * info.each, info.rows);
    for (var row = id.y * info.each; row < end; row += 1u) {
        let at = row * info.width + id.x;
        let up = upstream[at];
        sums += vec2<f32>(up * (x[at] - norms[2u * row]) * norms[2u * row + 1u], up);
    }
    weights[id.y * info.width + id.x] = sums.x;
    biases[id.y * info.width + id.x] = sums.y;
}
