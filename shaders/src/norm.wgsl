// (x − mean) / √(variance + ε) · weight + bias of every row, and what normalised it. A workgroup of 64 has a
// row for each of its teams of LANES.

// #lanes

struct Info {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>; // [width]
@group(0) @binding(2) var<storage, read_write> bias: array<f32>; // [width]
@group(0) @binding(3) var<storage, read_write> output: array<f32>; // [rows, width]
@group(0) @binding(4) var<storage, read_write> norms: array<f32>; // [rows, 2]: mean, 1 / √(variance + ε)
@group(0) @binding(5) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = (group.x + group.y * groups.x) * (64u / LANES) + index / LANES;
    let lane = index % LANES;
    // Teams beyond the last row go along, for all must meet; they write nothing.
    let start = min(row, info.rows - 1u) * info.width;
    var sums = vec2<f32>();
    for (var at = lane; at < info.width; at += LANES) {
        sums.x += x[start + at];
    }
    let mean = together(sums, lane).x / f32(info.width);
    sums = vec2<f32>();
    for (var at = lane; at < info.width; at += LANES) {
        let apart = x[start + at] - mean;
        sums.x += apart * apart;
    }
    let scale = inverseSqrt(together(sums, lane).x / f32(info.width) + info.eps);
    if row >= info.rows {
        return;
    }
    for (var at = lane; at < info.width; at += LANES) {
        output[start + at] = (x[start + at] - mean) * scale * weight[at] + bias[at];
    }
    if lane == 0u {
        norms[2u * row] = mean;
        norms[2u * row + 1u] = scale;
    }
}
