// Dropout whose mask is a function of seed and position: any device draws the same one, and the
// backward pass draws it again instead of keeping it. The gradient of x · keep / (1 − p) is the
// same kernel applied to the upstream gradient.
const GROUP: u32 = 256u;

struct Info {
    count: u32,
    key_0: u32, // the seed, spread over two words
    key_1: u32,
    threshold: u32, // p · 2³²
    scale: f32, // 1 / (1 − p)
}

@group(0) @binding(0) var<storage, read_write> input: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> output: array<f32>; // [count]
@group(0) @binding(2) var<storage, read> info: Info;

// #import mixed
@compute @workgroup_size(256)
fn main(
    @builtin(local_invocation_index) lid: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let at = (group.x + group.y * groups.x) * GROUP + lid;
    if at >= info.count {
        return;
    }
    let keep = mixed(mixed(at ^ info.key_0) + info.key_1) >= info.threshold;
    output[at] = select(0.0, input[at] * info.scale, keep);
}
