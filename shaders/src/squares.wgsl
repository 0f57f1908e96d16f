// Adds the squares of numbers to sums that are there: each invocation every `slots`-th square to its own.

struct Info {
    count: u32,
    slots: u32,
}

@group(0) @binding(0) var<storage, read_write> x: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> sums: array<f32>; // [slots]
@group(0) @binding(2) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= info.slots {
        return;
    }
    var sum = 0.0;
    for (var at = id.x; at < info.count; at += info.slots) {
        sum += x[at] * x[at];
    }
    sums[id.x] += sum;
}
