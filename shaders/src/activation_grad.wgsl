// The slope of a function of every number, times what came from above.

// #import activation

struct Info {
    count: u32,
    kind: u32,
}

@group(0) @binding(0) var<storage, read_write> input: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> upstream: array<f32>; // [count]
@group(0) @binding(2) var<storage, read_write> output: array<f32>; // [count]
@group(0) @binding(3) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 64u;
    if at < info.count {
        output[at] = upstream[at] * bent(input[at], info.kind).y;
    }
}
