// softmax(x / divisor + mask) of every row. A workgroup of 64 has a row for each of its teams of LANES.
// Rows come in blocks of `inner`, and texts of `outer` rows: the mask is one row for a text, or one for each
// of a block's rows, for all texts or for each.

// #lanes

struct Info {
    rows: u32,
    width: u32,
    inverse: f32, // 1 / divisor
    inner: u32,
    outer: u32,
    stride_outer: u32, // numbers from one text's mask to the next, 0 where it is the same
    stride_inner: u32, // numbers from one row's mask to the next in a block
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [rows, width]
@group(0) @binding(1) var<storage, read_write> mask: array<f32>; // [1 or texts, 1 or inner, width]
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
    let there = min(row, info.rows - 1u);
    let start = there * info.width;
    let hides = there / info.outer * info.stride_outer + there % info.inner * info.stride_inner;
    var most = -3.4e38;
    for (var at = lane; at < info.width; at += LANES) {
        most = max(most, x[start + at] * info.inverse + mask[hides + at]);
    }
    most = largest(most, lane);
    var sums = vec2<f32>();
    for (var at = lane; at < info.width; at += LANES) {
        let power = exp(x[start + at] * info.inverse + mask[hides + at] - most);
        sums.x += power;
        if row < info.rows {
            output[start + at] = power;
        }
    }
    let scale = 1.0 / together(sums, lane).x;
    if row >= info.rows {
        return;
    }
    for (var at = lane; at < info.width; at += LANES) {
        output[start + at] *= scale;
    }
}
