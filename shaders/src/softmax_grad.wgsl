// The slope of `softmax.wgsl` in x: (upstream − Σ upstream · output) · output / divisor.

// #lanes

struct Info {
    rows: u32,
    width: u32,
    inverse: f32, // 1 / divisor
}

@group(0) @binding(0) var<storage, read_write> probs: array<f32>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> upstream: array<f32>; // [rows, width]
@group(0) @binding(2) var<storage, read_write> output: array<f32>; // [rows, width]
@group(0) @binding(3) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = (group.x + group.y * groups.x) * (64u / LANES) + index / LANES;
    let lane = index % LANES;
    let start = min(row, info.rows - 1u) * info.width;
    var sums = vec2<f32>();
    for (var at = lane; at < info.width; at += LANES) {
        sums.x += upstream[start + at] * probs[start + at];
    }
    let mean = together(sums, lane).x;
    if row >= info.rows {
        return;
    }
    for (var at = lane; at < info.width; at += LANES) {
        output[start + at] = (upstream[start + at] - mean) * probs[start + at] * info.inverse;
    }
}
