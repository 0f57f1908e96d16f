// √ of the sum of some numbers: the length of what they are the squares of.

// #lanes

struct Info {
    count: u32,
}

@group(0) @binding(0) var<storage, read_write> sums: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> length: array<f32>; // [1]
@group(0) @binding(2) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) {
    let lane = index % LANES;
    var sum = vec2<f32>();
    for (var at = lane; at < info.count; at += LANES) {
        sum.x += sums[at];
    }
    sum = together(sum, lane);
    if index == 0u {
        length[0] = sqrt(sum.x);
    }
}
