// The slope of `norm.wgsl` in x, row by row: with g = upstream · weight and n the normalised row,
// scale · (g − mean of g − n · mean of g·n).

// #lanes

struct Info {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> weight: array<f32>; // [width]
@group(0) @binding(2) var<storage, read_write> norms: array<f32>; // [rows, 2]
@group(0) @binding(3) var<storage, read_write> upstream: array<f32>; // [rows, width]
@group(0) @binding(4) var<storage, read_write> output: array<f32>; // [rows, width]
@group(0) @binding(5) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let row = (group.x + group.y * groups.x) * (64u / LANES) + index / LANES;
    let lane = index % LANES;
    let there = min(row, info.rows - 1u);
    let start = there * info.width;
    let mean = norms[2u * there];
    let scale = norms[2u * there + 1u];
    var sums = vec2<f32>();
    for (var at = lane; at < info.width; at += LANES) {
        let g = upstream[start + at] * weight[at];
        sums += vec2<f32>(g, g * (x[start + at] - mean) * scale);
    }
    let means = together(sums, lane) / f32(info.width);
    if row >= info.rows {
        return;
    }
    for (var at = lane; at < info.width; at += LANES) {
        let n = (x[start + at] - mean) * scale;
        output[start + at] = scale * (upstream[start + at] * weight[at] - means.x - n * means.y);
    }
}
