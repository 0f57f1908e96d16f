// A step of AdamW on one parameter: both moments in place, the weights anew.

struct Info {
    count: u32,
    beta1: f32,
    rest1: f32, // 1 − β₁
    beta2: f32,
    rest2: f32, // 1 − β₂
    rate: f32, // lr / (1 − β₁ᵗ)
    correction: f32, // 1 / (1 − β₂ᵗ)
    eps: f32,
    keep: f32, // 1 − lr · decay
    clip: f32, // the longest that the whole gradient may be, 0 where it may be any
}

@group(0) @binding(0) var<storage, read_write> weights: array<f32>; // [count]
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>; // [count]
@group(0) @binding(2) var<storage, read_write> first: array<f32>; // [count]
@group(0) @binding(3) var<storage, read_write> second: array<f32>; // [count]
@group(0) @binding(4) var<storage, read_write> length: array<f32>; // [1]: of the whole gradient
@group(0) @binding(5) var<storage, read_write> output: array<f32>; // [count]
@group(0) @binding(6) var<storage, read> info: Info;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = id.x + id.y * groups.x * 64u;
    if at >= info.count {
        return;
    }
    var scale = 1.0;
    if info.clip > 0.0 {
        scale = min(1.0, info.clip / (length[0] + 1e-6));
    }
    let g = gradient[at] * scale;
    let m = info.beta1 * first[at] + info.rest1 * g;
    let v = info.beta2 * second[at] + info.rest2 * g * g;
    first[at] = m;
    second[at] = v;
    output[at] = weights[at] * info.keep - info.rate * m / (sqrt(v * info.correction) + info.eps);
}
